namespace MaskLlm.Formats;

/// <summary>Writes a file so that readers see the old one or the whole new one, never a part.</summary>
public static class AtomicFile
{
    private const int BufferBytes = 1 << 16;

    /// <summary>
    /// Writes to a temporary name in the same folder, flushes it to the disk, renames it to <paramref name="path"/>, replacing
    /// what was there, and flushes the folder. On failure the temporary file is removed and the old one stays.
    /// </summary>
    /// <param name="path">The file to make; its folder is made where it is missing.</param>
    /// <param name="write">Writes the content to the stream, which can seek.</param>
    /// <exception cref="IOException">The disk refuses.</exception>
    public static void Write(string path, Action<Stream> write)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(write);
        string temporary = TemporaryName(path);
        Directory.CreateDirectory(Path.GetDirectoryName(temporary)!);
        try
        {
            WriteDurably(temporary, write);
            DurableName.Take(temporary, path);
        }
        // How .NET reports EFBIG; it is the disk's refusal and no fault of the caller.
        catch (ArgumentOutOfRangeException e) when (e.ParamName == "value")
        {
            RemoveIfThere(temporary);
            throw new IOException($"{path}: the disk, or a limit of the shell, takes no file this large; name a folder elsewhere.", e);
        }
        catch
        {
            RemoveIfThere(temporary);
            throw;
        }
    }

    private static string TemporaryName(string path)
    {
        string full = Path.GetFullPath(path);
        return Path.Combine(Path.GetDirectoryName(full) ?? full, $".{Path.GetFileName(full)}.{Guid.NewGuid():N}.tmp");
    }

    private static void WriteDurably(string temporary, Action<Stream> write)
    {
        using var stream = new FileStream(temporary, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, BufferBytes);
        write(stream);
        stream.Flush(flushToDisk: true);
    }

    // A folder that is gone (File.Delete then throws) must not hide the reason for the failure.
    private static void RemoveIfThere(string temporary)
    {
        if (File.Exists(temporary)) File.Delete(temporary);
    }
}
