namespace MaskLlm.Formats;

/// <summary>Writes a file so that readers see the old one or the whole new one, never a part.</summary>
public static class AtomicFile
{
    private const int BufferBytes = 1 << 16;

    /// <summary>
    /// Writes to a temporary name in the same folder, flushes it to the disk, renames it to <paramref name="path"/>, replacing
    /// what was there, and flushes the folder. A link stays and what it leads to is replaced; a file that is replaced
    /// keeps its permissions. On failure the temporary file is removed and the old one stays.
    /// </summary>
    /// <param name="path">The file to make; its folder is made where it is missing.</param>
    /// <param name="write">Writes the content to the stream, which can seek.</param>
    /// <exception cref="IOException">The disk refuses.</exception>
    public static void Write(string path, Action<Stream> write) => WriteTo(path, write, isPrivate: false);

    /// <summary>The same, and a new file is its user's only.</summary>
    internal static void WritePrivate(string path, Action<Stream> write) => WriteTo(path, write, isPrivate: true);

    /// <summary>The file that a path leads to, behind the links that are files themselves.</summary>
    /// <exception cref="IOException">Links lead round in a circle, or to no regular file.</exception>
    internal static string Target(string path)
    {
        string target = FileIdentity.Resolved(path);
        if (FileIdentity.Of(target) is { IsRegular: false })
            throw new IOException($"{path}: there is something that is no file; name another.");
        return target;
    }

    private static void WriteTo(string path, Action<Stream> write, bool isPrivate)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(write);
        string target = Target(path);
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(target))!);
        using TemporaryPath temporary = TemporaryPath.Beside(target);
        DiskFullException.Naming(path, () => Replace(target, temporary.Path, write, ModeOf(target, isPrivate)));
    }

    // Open, and so locked, until it has its name: nobody takes it for abandoned.
    private static void Replace(string target, string temporary, Action<Stream> write, UnixFileMode? mode)
    {
        using FileStream stream = Create(temporary, mode);
        WriteDurably(stream, write, mode);
        DurableName.Take(temporary, target);
    }

    private static UnixFileMode? ModeOf(string target, bool isPrivate) => OperatingSystem.IsWindows() ? null
        : File.Exists(target) ? File.GetUnixFileMode(target)
        : isPrivate ? UnixFileMode.UserRead | UnixFileMode.UserWrite : null;

    private static FileStream Create(string temporary, UnixFileMode? mode)
    {
        FileStreamOptions options = new()
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.ReadWrite,
            // Windows renames no locked file; elsewhere it has its name before it is closed, and may be read from then on.
            Share = OperatingSystem.IsWindows() ? FileShare.Delete : FileShare.Read,
            BufferSize = BufferBytes,
        };
        // Never readable by more than the file that it replaces, not even while it is written.
        if (mode is { } first && !OperatingSystem.IsWindows())
            options.UnixCreateMode = first | UnixFileMode.UserRead | UnixFileMode.UserWrite;
        return new FileStream(temporary, options);
    }

    private static void WriteDurably(FileStream stream, Action<Stream> write, UnixFileMode? mode)
    {
        write(stream);
        stream.Flush(flushToDisk: true);
        if (mode is { } last && !OperatingSystem.IsWindows()) File.SetUnixFileMode(stream.SafeFileHandle, last);
    }
}
