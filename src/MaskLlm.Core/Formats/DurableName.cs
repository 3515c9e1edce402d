using System.Runtime.InteropServices;

namespace MaskLlm.Formats;

/// <summary>Gives a finished file its name so that the name, too, outlasts a power cut.</summary>
internal static partial class DurableName
{
    private const int ReadOnly = 0;

    /// <summary>Renames a file that is on the disk already, in place of an older one, and brings the folder's entry to the disk.</summary>
    /// <param name="temporary">The file, in the folder of <paramref name="path"/>.</param>
    /// <param name="path">Its name from now on.</param>
    internal static void Take(string temporary, string path)
    {
        File.Move(temporary, path, overwrite: true);
        FlushFolder(Path.GetDirectoryName(Path.GetFullPath(path))!);
    }

    /// <summary>Brings the names in a folder to the disk, where the system has a way to do it.</summary>
    /// <returns>Whether it was done: Windows, and some network file systems, have no such call.</returns>
    internal static bool FlushFolder(string folder)
    {
        if (OperatingSystem.IsWindows()) return false;
        int descriptor = Open(folder, ReadOnly);
        if (descriptor < 0) return false;
        bool flushed = Flush(descriptor) == 0;
        _ = Close(descriptor);
        return flushed;
    }

    // FileStream opens no folders.
    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync")]
    private static partial int Flush(int descriptor);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int descriptor);
}
