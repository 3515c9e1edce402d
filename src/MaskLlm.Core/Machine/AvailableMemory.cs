using System.Globalization;

namespace MaskLlm.Machine;

/// <summary>How much memory the machine can still give.</summary>
public static class AvailableMemory
{
    /// <summary>Bytes that can be taken without swapping: the kernel's estimate where there is one, else the runtime's.</summary>
    public static long Bytes()
    {
        const string Key = "MemAvailable:";
        string? line = File.Exists("/proc/meminfo")
            ? File.ReadLines("/proc/meminfo").FirstOrDefault(l => l.StartsWith(Key, StringComparison.Ordinal))
            : null;
        long runtime = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
        if (line is null) return runtime;
        string kibibytes = line[Key.Length..].Replace("kB", "", StringComparison.Ordinal).Trim();
        return Math.Min(runtime, long.Parse(kibibytes, CultureInfo.InvariantCulture) * 1024);
    }

    /// <summary>Stops before an allocation that cannot succeed.</summary>
    /// <param name="needed">Bytes.</param>
    /// <param name="purpose">What they are for, as the subject of the sentence.</param>
    /// <param name="advice">What the user can lower.</param>
    /// <exception cref="InsufficientMemoryException">More is needed than is available.</exception>
    public static void Require(long needed, string purpose, string advice)
    {
        long available = Bytes();
        if (needed > available)
            throw new InsufficientMemoryException(
                $"{purpose} needs about {Gigabytes(needed)} GB of memory and {Gigabytes(available)} GB is available; {advice}.");
    }

    private static string Gigabytes(long bytes) => (bytes / 1e9).ToString("0.0", CultureInfo.InvariantCulture);
}
