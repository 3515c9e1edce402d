using System.Globalization;

namespace MaskLlm.Machine;

/// <summary>How much this process waited for processors, and how much other processes used them, since this was made.</summary>
/// <remarks>
/// Linux's counts: <c>/proc/self/task/N/schedstat</c>, nanoseconds that a thread ran and that it was ready and had no processor;
/// <c>/proc/stat</c>, the time of all processors by what they did. Where they are not there everything is 0.
/// </remarks>
public sealed class ProcessorWait
{
    // /proc/stat counts hundredths of a second on every Linux that .NET runs on.
    private const double TicksASecond = 100;

    // Columns of /proc/stat: user, nice, system, idle, waiting for a disk, interrupts (two), taken by the host.
    private const int Idle = 3, DiskWait = 4, Columns = 8;

    private readonly string _tasks, _stat;
    private readonly Func<TimeSpan> _own;
    private readonly Counts _begin;
    private Counts _last;

    /// <summary>Counts from here on.</summary>
    public ProcessorWait()
        : this("/proc/self/task", "/proc/stat", () => OperatingSystem.IsLinux() ? Environment.CpuUsage.TotalTime : TimeSpan.Zero)
    {
    }

    /// <param name="tasks">A folder with a folder a thread.</param>
    /// <param name="stat">The counts of all processors.</param>
    /// <param name="own">What this process used.</param>
    internal ProcessorWait(string tasks, string stat, Func<TimeSpan> own)
    {
        (_tasks, _stat, _own) = (tasks, stat, own);
        _begin = _last = Read();
    }

    /// <summary>What was since this was made.</summary>
    /// <returns>
    /// Share: waited time over waited and used time of this process's threads, 0 to 1; own threads wait for each other too. Others: the
    /// processors that other processes kept busy, on average.
    /// </returns>
    public (double Share, double Others) InAll() => Between(_begin, Read());

    /// <summary>What was since the last time that this was asked.</summary>
    public (double Share, double Others) Next()
    {
        Counts begin = _last;
        _last = Read();
        return Between(begin, _last);
    }

    private static (double Share, double Others) Between(Counts begin, Counts now)
    {
        // Threads that ended took their counts along.
        double used = Math.Max(0, now.Run - begin.Run), waited = Math.Max(0, now.Wait - begin.Wait);
        double elapsed = now.Processors == 0 ? 0 : (now.All - begin.All) / now.Processors;
        return (
            used + waited == 0 ? 0 : waited / (used + waited),
            elapsed <= 0 ? 0 : Math.Max(0, (now.Busy - begin.Busy - (now.Own - begin.Own)) / elapsed));
    }

    private Counts Read()
    {
        double run = 0, wait = 0;
        if (Directory.Exists(_tasks))
        {
            foreach (string task in Directory.EnumerateDirectories(_tasks))
            {
                if (Numbers(Lines(Path.Combine(task, "schedstat")).FirstOrDefault("").Split(' ')) is not [{ } used, { } waited, ..])
                    continue;
                (run, wait) = (run + used, wait + waited);
            }
        }
        string[] lines = [.. Lines(_stat).Where(line => line.StartsWith("cpu", StringComparison.Ordinal))];
        double[] all = lines.Length == 0 ? []
            : Numbers([.. lines[0].Split(' ', StringSplitOptions.RemoveEmptyEntries).Skip(1).Take(Columns)]);
        double sum = all.Sum(), idle = all.Length > DiskWait ? all[Idle] + all[DiskWait] : sum;
        return new Counts(run, wait, sum / TicksASecond, (sum - idle) / TicksASecond, _own().TotalSeconds, Math.Max(0, lines.Length - 1));
    }

    // A thread may end while it is looked at.
    private static string[] Lines(string file)
    {
        try
        {
            return File.ReadAllLines(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    private static double[] Numbers(string[] words)
    {
        double[] numbers = new double[words.Length];
        for (int i = 0; i < words.Length; i++)
            if (!double.TryParse(words[i], NumberStyles.None, CultureInfo.InvariantCulture, out numbers[i])) return [];
        return numbers;
    }

    // Of threads in nanoseconds; of the machine and the process in seconds.
    private readonly record struct Counts(double Run, double Wait, double All, double Busy, double Own, int Processors);
}
