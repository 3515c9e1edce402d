using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;

namespace MaskLlm.Formats;

/// <summary>
/// Names of files and folders that are there while something is written. They say which process writes; a process that ends takes
/// its own along, and what a killed one left goes when the next writes into the same folder.
/// </summary>
internal sealed partial class TemporaryPath : IDisposable
{
    // Of the name that is written: with the rest, no name is too long for a disk on which that name itself is not.
    private const int NameCharacters = 32;

    private static readonly ConcurrentDictionary<string, byte> _living = new(StringComparer.Ordinal),
        _cleaned = new(StringComparer.Ordinal);
    private static readonly string _process = Describe(Environment.ProcessId, Process.GetCurrentProcess().StartTime);

    static TemporaryPath() => AppDomain.CurrentDomain.ProcessExit += (_, _) =>
    {
        foreach (string path in _living.Keys) Remove(path);
    };

    private TemporaryPath(string path) => Path = path;

    /// <summary>Where it is.</summary>
    internal string Path { get; }

    /// <summary>A name that nobody else uses, beside a file or folder that is to be written.</summary>
    /// <param name="target">What is written.</param>
    internal static TemporaryPath Beside(string target) =>
        In(System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(target)) ?? target, target);

    /// <summary>The same in a folder.</summary>
    internal static TemporaryPath In(string folder, string target)
    {
        CleanOnce(folder);
        string name = System.IO.Path.GetFileName(System.IO.Path.GetFullPath(target));
        if (name.Length > NameCharacters) name = name[..NameCharacters];
        TemporaryPath made = new(System.IO.Path.Combine(folder, $".{name}.{_process}.{Guid.NewGuid().ToString("N")[..12]}.tmp"));
        _living.TryAdd(made.Path, 0);
        return made;
    }

    /// <summary>Whether an entry of a folder is one of these, of whatever process.</summary>
    internal static bool IsOne(string path) => Pattern().IsMatch(System.IO.Path.GetFileName(path));

    /// <summary>Removes what killed processes left in a folder.</summary>
    internal static void Clean(string folder)
    {
        if (!Directory.Exists(folder)) return;
        EnumerationOptions all = new() { AttributesToSkip = 0 };
        foreach (string entry in Directory.EnumerateFileSystemEntries(folder, ".*.tmp", all).ToArray())
            if (IsAbandoned(entry)) Remove(entry);
    }

    /// <summary>It has its own name now, or is not needed; removed where it is still there.</summary>
    public void Dispose()
    {
        Remove(Path);
        _living.TryRemove(Path, out _);
    }

    private static void CleanOnce(string folder)
    {
        if (_cleaned.TryAdd(folder, 0)) Clean(folder);
    }

    // Another machine, or another container, may write into the same folder: its processes are not ours to see, but its locks are.
    private static bool IsAbandoned(string entry)
    {
        Match match = Pattern().Match(System.IO.Path.GetFileName(entry));
        if (!match.Success
            || IsAlive(int.Parse(match.Groups["pid"].ValueSpan, CultureInfo.InvariantCulture), match.Groups["process"].Value)) return false;
        if (FileIdentity.Of(entry) is { } of && FileIdentity.Of("/proc/self") is { } self && of.Owner != self.Owner) return false;
        return Directory.Exists(entry)
            ? Directory.EnumerateFiles(entry, "*", new EnumerationOptions { AttributesToSkip = 0 }).All(IsUnlocked) : IsUnlocked(entry);
    }

    private static bool IsUnlocked(string file)
    {
        try
        {
            using FileStream stream = new(file, FileMode.Open, FileAccess.ReadWrite, FileShare.None, 1);
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private static bool IsAlive(int pid, string process)
    {
        try
        {
            using Process found = Process.GetProcessById(pid);
            // Two processes compute the start of a third to within some milliseconds.
            DateTime start = found.StartTime;
            return new[] { -1, 0, 1 }.Any(second => Describe(pid, start.AddSeconds(second)) == process);
        }
        catch (Exception e) when (e is ArgumentException or InvalidOperationException)
        {
            return false;
        }
        catch (Exception e) when (e is System.ComponentModel.Win32Exception or NotSupportedException or UnauthorizedAccessException)
        {
            return true;
        }
    }

    private static string Describe(int pid, DateTime start) =>
        string.Create(CultureInfo.InvariantCulture, $"{pid}-{new DateTimeOffset(start.ToUniversalTime()).ToUnixTimeSeconds():x}");

    // A folder that is gone, or that no longer allows it, must not hide the reason for a failure.
    private static void Remove(string path)
    {
        try
        {
            if (Directory.Exists(path)) Directory.Delete(path, recursive: true);
            else if (File.Exists(path)) File.Delete(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
        }
    }

    [GeneratedRegex(@"\A\..*\.(?<process>(?<pid>[0-9]{1,9})-[0-9a-f]{1,16})\.[0-9a-f]{12}\.tmp\z", RegexOptions.Singleline)]
    private static partial Regex Pattern();
}
