using System.Globalization;

namespace MaskLlm.Runs;

/// <summary>How much of the processor time that this process could have used other processes, or a container's quota, kept from it.</summary>
/// <remarks>Linux's count of the time that threads are ready to run and have no processor: <c>/proc/self/task/N/schedstat</c>, second number.</remarks>
internal sealed class ProcessorWait
{
    private readonly string _tasks;
    private readonly (double Run, double Wait) _begin;

    /// <summary>Counts from here on.</summary>
    /// <param name="tasks">A folder with a folder a thread.</param>
    internal ProcessorWait(string tasks = "/proc/self/task")
    {
        _tasks = tasks;
        _begin = Read();
    }

    /// <summary>Waited time over waited and used time, 0 to 1; 0 where the system does not say.</summary>
    internal double Share()
    {
        (double run, double wait) = Read();
        // Threads that ended took their counts along.
        double used = Math.Max(0, run - _begin.Run), waited = Math.Max(0, wait - _begin.Wait);
        return used + waited == 0 ? 0 : waited / (used + waited);
    }

    // Nanoseconds of all threads.
    private (double Run, double Wait) Read()
    {
        double run = 0, wait = 0;
        if (!Directory.Exists(_tasks)) return (0, 0);
        foreach (string task in Directory.EnumerateDirectories(_tasks))
        {
            if (Numbers(Path.Combine(task, "schedstat")) is not [{ } used, { } waited, ..]) continue;
            (run, wait) = (run + used, wait + waited);
        }
        return (run, wait);
    }

    // A thread may end while it is looked at.
    private static double[] Numbers(string file)
    {
        try
        {
            return [.. File.ReadAllText(file).Split(' ').Select(number => double.Parse(number, NumberStyles.None | NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture))];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or FormatException)
        {
            return [];
        }
    }
}
