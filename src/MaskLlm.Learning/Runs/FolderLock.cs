namespace MaskLlm.Runs;

/// <summary>A folder that one process writes, until this is disposed.</summary>
/// <remarks>A process that dies leaves the file, but not the lock.</remarks>
internal sealed class FolderLock : IDisposable
{
    /// <summary>There while a process writes.</summary>
    internal const string Name = ".running";

    private readonly FileStream _file;

    /// <param name="folder">Which must be there.</param>
    /// <exception cref="ArgumentException">Another process writes it.</exception>
    internal FolderLock(string folder)
    {
        try
        {
            _file = new FileStream(Path.Combine(folder, Name), FileMode.OpenOrCreate, FileAccess.Write, FileShare.None, 1);
        }
        catch (IOException e)
        {
            throw new ArgumentException($"`Out` {folder}: another run is writing there; wait for it to end, or name another folder.", e);
        }
    }

    /// <summary>Whether files are in a folder beside the lock.</summary>
    internal static bool IsUsed(string folder) => Directory.Exists(folder)
        && Directory.EnumerateFileSystemEntries(folder).Any(entry => Path.GetFileName(entry) != Name);

    /// <summary>Removes the file too: nothing is left unfinished.</summary>
    internal void Remove() => File.Delete(_file.Name);

    public void Dispose() => _file.Dispose();
}
