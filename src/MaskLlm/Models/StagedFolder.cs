using MaskLlm.Formats;

namespace MaskLlm.Models;

/// <summary>A checkpoint folder in the making: filled under a temporary name, put in place whole, gone where it is not.</summary>
internal sealed class StagedFolder : IDisposable
{
    private readonly string _target;
    private readonly string _path;
    private readonly bool _targetExists;

    private StagedFolder(string target)
    {
        _target = Path.TrimEndingDirectorySeparator(Path.GetFullPath(target));
        _targetExists = Directory.Exists(_target);
        // Beside a new folder, which then appears by one rename. Inside one that exists: it may be a link or a mounted
        // disk, which cannot be renamed over, and its files still are renamed on one disk.
        string parent = _targetExists ? _target : Path.GetDirectoryName(_target)!;
        _path = Path.Combine(parent, $".{Path.GetFileName(_target)}.{Guid.NewGuid():N}.tmp");
        Directory.CreateDirectory(_path);
    }

    /// <summary>Makes the temporary folder.</summary>
    /// <exception cref="ArgumentException">The target is a file, or holds files and may not be replaced.</exception>
    internal static StagedFolder Create(string target, bool force)
    {
        if (System.IO.File.Exists(target)) throw new ArgumentException($"--out {target}: a file is there; name a folder.");
        if (!force && Directory.Exists(target) && Directory.EnumerateFileSystemEntries(target).Any())
            throw new ArgumentException($"--out {target}: the folder already holds files; name another, or replace the checkpoint in it with --force.");
        return new StagedFolder(target);
    }

    /// <summary>A path in the temporary folder.</summary>
    internal string File(string name) => Path.Combine(_path, name);

    /// <summary>Whether the target is this folder, whatever links lead there.</summary>
    internal bool Replaces(string folder) => _targetExists && Directory.Exists(Path.Combine(folder, Path.GetFileName(_path)));

    /// <summary>Puts the files in place.</summary>
    internal void Commit()
    {
        if (!_targetExists)
        {
            Directory.Move(_path, _target);
            DurableName.FlushFolder(Path.GetDirectoryName(_target)!);
            return;
        }
        // Without config.json, which goes first and comes last, no loader takes the folder for a checkpoint.
        System.IO.File.Delete(Path.Combine(_target, CheckpointFiles.ConfigName));
        foreach (string old in Directory.GetFiles(_target).Where(file => CheckpointFiles.IsPart(Path.GetFileName(file)))) System.IO.File.Delete(old);
        foreach (string file in Directory.GetFiles(_path).OrderBy(file => Path.GetFileName(file) == CheckpointFiles.ConfigName))
            System.IO.File.Move(file, Path.Combine(_target, Path.GetFileName(file)), overwrite: true);
        DurableName.FlushFolder(_target);
    }

    public void Dispose()
    {
        if (Directory.Exists(_path)) Directory.Delete(_path, recursive: true);
    }
}
