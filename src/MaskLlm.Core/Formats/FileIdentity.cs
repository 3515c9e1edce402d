using System.Runtime.InteropServices;

namespace MaskLlm.Formats;

/// <summary>Which file a path leads to, whatever links, hard links and spellings lead there.</summary>
/// <param name="Device">The disk.</param>
/// <param name="Number">The file's number on it.</param>
/// <param name="Owner">The user whose it is.</param>
/// <param name="IsRegular">Whether it is a file with bytes on a disk: no folder, pipe or device.</param>
internal readonly partial record struct FileIdentity(ulong Device, ulong Number, uint Owner, bool IsRegular)
{
    private const int CurrentFolder = -100, StructBytes = 256, OwnerAt = 20, ModeAt = 28, NumberAt = 32, LengthAt = 40, DeviceAt = 136;
    private const int MostLinks = 40;
    private const uint BasicFields = 0x7FF, KindBits = 0xF000, RegularKind = 0x8000, PipeKind = 0x1000;

    /// <summary>The file, after all links; null where there is none, or where the system does not tell.</summary>
    internal static FileIdentity? Of(string path) => Ask(path) is { } answer
        ? new FileIdentity(
            MemoryMarshal.Read<ulong>(answer.AsSpan(DeviceAt)), MemoryMarshal.Read<ulong>(answer.AsSpan(NumberAt)),
                MemoryMarshal.Read<uint>(answer.AsSpan(OwnerAt)), KindOf(answer) == RegularKind)
        : null;

    /// <summary>Whether a path leads to a pipe, which gives its bytes once, when somebody writes them.</summary>
    internal static bool IsPipe(string path) => Ask(path) is { } answer && KindOf(answer) == PipeKind;

    /// <summary>The length of the file that a path leads to: that of a link itself is the length of its text.</summary>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    internal static long LengthOf(string path) => Ask(path) is { } answer
        ? MemoryMarshal.Read<long>(answer.AsSpan(LengthAt))
        : new FileInfo(Resolved(path)).Length;

    /// <summary>Whether two paths lead to one file or folder.</summary>
    internal static bool AreSame(string first, string second)
    {
        if (Full(first) == Full(second)) return true;
        return Of(first) is { } one && Of(second) is { } other && one == other;
    }

    /// <summary>Whether a file lies somewhere in a folder, after all links.</summary>
    internal static bool IsWithin(string path, string folder)
    {
        for (string? above = Full(path); above is not null; above = Path.GetDirectoryName(above))
            if (AreSame(above, folder)) return true;
        return false;
    }

    /// <summary>
    /// The path of what links lead to; the path itself where it is none. File.ResolveLinkTarget takes the dots of a link by the path that
    /// was
    /// written, and the system by the folder that the link really lies in: behind a link to a folder these are two.
    /// </summary>
    /// <exception cref="IOException">Links lead round in a circle.</exception>
    internal static string Resolved(string path)
    {
        string place = path;
        for (int links = 0; new FileInfo(place).LinkTarget is { } target; links++)
        {
            if (links == MostLinks) throw new IOException($"{path}: links lead round in a circle; remove one, or name another file.");
            string folder = Path.GetDirectoryName(Full(place))!;
            place = Path.GetFullPath(Path.Combine(ResolvedFolder(folder), target));
        }
        return place;
    }

    private static string ResolvedFolder(string folder) => Path.GetDirectoryName(folder) is { } above
        ? Resolved(Path.Combine(ResolvedFolder(above), Path.GetFileName(folder)))
        : folder;

    /// <summary>The full path without a separator at its end.</summary>
    internal static string Full(string path) => Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));

    private static uint KindOf(byte[] answer) => MemoryMarshal.Read<ushort>(answer.AsSpan(ModeAt)) & KindBits;

    // struct statx has one layout on every Linux; elsewhere paths are compared only.
    private static byte[]? Ask(string path)
    {
        if (!OperatingSystem.IsLinux()) return null;
        byte[] answer = new byte[StructBytes];
        try
        {
            return Statx(CurrentFolder, path, 0, BasicFields, answer) == 0 ? answer : null;
        }
        catch (EntryPointNotFoundException)
        {
            return null;
        }
    }

    [LibraryImport("libc", EntryPoint = "statx", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Statx(int folder, string path, int flags, uint fields, byte[] answer);
}
