using System.Diagnostics;
using System.Globalization;
using System.IO.MemoryMappedFiles;

namespace MaskLlm.Fuzz;

/// <summary>The command: a process for each reader, so that one that ends the process, or never ends, is a failure like others and the rest
/// still run.</summary>
internal sealed class FuzzCommand(ulong seed, string save, TextWriter output)
{
    private const int Passed = 0, Failed = 1, ShownPlaces = 20;

    // Of one input, by a watchdog: a thousand times what the slowest takes.
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(60);

    /// <summary>Runs.</summary>
    /// <param name="inputs">Over all readers.</param>
    /// <param name="first">Number of the first.</param>
    /// <param name="only">One reader; null for all.</param>
    /// <param name="mark">Of a child: the file that holds the number of its input.</param>
    /// <returns>The exit code.</returns>
    internal int Run(long inputs, long first, string? only, string? mark)
    {
        if (mark is not null) return Child(FuzzReaders.Named(only!), inputs, first, mark);
        IReadOnlyList<FuzzReader> readers = only is null ? FuzzReaders.All : [FuzzReaders.Named(only)];
        double weights = readers.Sum(reader => reader.Weight);
        long begin = Stopwatch.GetTimestamp();
        long read = 0;
        int failed = 0;
        foreach (FuzzReader reader in readers)
        {
            long own = only is null ? (long)Math.Ceiling(inputs * reader.Weight / weights) : inputs;
            read += own;
            if (Parent(reader, own, first) != Passed) failed++;
        }
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"{read} inputs, {readers.Count} readers, {failed} with failures, seed {seed}, "
                + $"{Stopwatch.GetElapsedTime(begin).TotalSeconds:0} s"));
        return failed == 0 ? Passed : Failed;
    }

    private int Parent(FuzzReader reader, long inputs, long first)
    {
        string mark = Path.GetTempFileName();
        try
        {
            File.WriteAllBytes(mark, new byte[sizeof(long)]);
            long begin = Stopwatch.GetTimestamp();
            ProcessStartInfo start = new(Environment.ProcessPath!);
            // Under `dotnet MaskLlm.Fuzz.dll` the program is an argument.
            if (!Path.GetFileName(Environment.ProcessPath!).Contains("Fuzz", StringComparison.Ordinal))
                start.ArgumentList.Add(typeof(FuzzCommand).Assembly.Location);
            foreach ((string name, object value) in (ReadOnlySpan<(string, object)>)[("--reader", reader.Name), ("--inputs", inputs),
                ("--first", first), ("--seed", seed), ("--save", save), ("--mark", mark)])
            {
                start.ArgumentList.Add(name);
                start.ArgumentList.Add(Convert.ToString(value, CultureInfo.InvariantCulture)!);
            }
            using Process child = Process.Start(start)!;
            bool ended = Watch(child, mark);
            output.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{reader.Name,-20} {inputs,9} inputs {Stopwatch.GetElapsedTime(begin).TotalSeconds,6:0.0} s"));
            if (ended && child.ExitCode is Passed or Failed) return child.ExitCode;
            Report(reader, Marked(mark), ended ? $"the process ended with {child.ExitCode}" : "it took too long");
            return Failed;
        }
        finally
        {
            File.Delete(mark);
        }
    }

    // The number of the input moves on, or the child is ended.
    private static bool Watch(Process child, string mark)
    {
        long last = -1;
        while (!child.WaitForExit(Longest))
        {
            long now = Marked(mark);
            if (now == last)
            {
                child.Kill(entireProcessTree: true);
                child.WaitForExit();
                return false;
            }
            last = now;
        }
        return true;
    }

    private static long Marked(string mark)
    {
        using FileStream file = new(mark, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        using BinaryReader reader = new(file);
        return reader.ReadInt64();
    }

    private int Child(FuzzReader reader, long inputs, long first, string mark)
    {
        using MemoryMappedFile map = MemoryMappedFile.CreateFromFile(mark);
        using MemoryMappedViewAccessor view = map.CreateViewAccessor();
        using FuzzRun run = new(reader, seed);
        Dictionary<string, int> places = new(StringComparer.Ordinal);
        foreach (FuzzFailure failure in run.Failures(first, inputs, index => view.Write(0, index)))
        {
            places[failure.Place] = places.GetValueOrDefault(failure.Place) + 1;
            if (places[failure.Place] == 1 && places.Count <= ShownPlaces) Report(failure);
        }
        foreach ((string place, int count) in places) output.WriteLine($"{reader.Name}: {count} times {place}");
        return places.Count == 0 ? Passed : Failed;
    }

    private void Report(FuzzReader reader, long index, string fault)
    {
        using FuzzRun run = new(reader, seed);
        FuzzInput input = run.Input(index);
        Report(new FuzzFailure(reader.Name, index, input.Name, input.Bytes, fault));
    }

    private void Report(FuzzFailure failure)
    {
        Directory.CreateDirectory(save);
        string path = Path.Combine(save,
            string.Create(CultureInfo.InvariantCulture, $"{failure.Reader}-{seed}-{failure.Index}-{failure.Name}"));
        File.WriteAllBytes(path, failure.Bytes);
        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"FAILURE {failure.Reader}, again with --reader {failure.Reader} --seed {seed} --first {failure.Index} --inputs 1; "
            + $"{failure.Bytes.Length} bytes in {path}"));
        output.WriteLine(failure.Fault);
    }
}
