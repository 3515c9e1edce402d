
namespace MaskLlm.Formats;

/// <summary>A checkpoint folder in the making: filled under a temporary name, put in place whole, gone where it is not.</summary>
internal sealed class StagedFolder : IDisposable
{
    private readonly string _target;
    private readonly TemporaryPath _temporary;
    private readonly bool _targetExists;

    private StagedFolder(string target, bool targetExists)
    {
        (_target, _targetExists) = (target, targetExists);
        // Beside a new folder, which then appears by one rename. Inside one that exists: it may be a link or a mounted
        // disk, which cannot be renamed over, and its files still are renamed on one disk.
        _temporary = TemporaryPath.In(targetExists ? target : Path.GetDirectoryName(target)!, target);
        Directory.CreateDirectory(_temporary.Path);
    }

    /// <summary>Makes the temporary folder.</summary>
    /// <param name="target">The folder that the files are for.</param>
    /// <param name="force">Whether a checkpoint that this program put there is replaced.</param>
    /// <param name="source">The folder that is read, which is never replaced.</param>
    /// <exception cref="ArgumentException">The target is a file or the source, or holds files and may not be replaced.</exception>
    internal static StagedFolder Create(string target, bool force, string source)
    {
        Require(target, force, source);
        string full = FileIdentity.Full(target);
        return new StagedFolder(full, Directory.Exists(full));
    }

    /// <summary>Says whether the folder may be written; for before the work.</summary>
    /// <inheritdoc cref="Create"/>
    internal static void Require(string target, bool force, string source)
    {
        if (System.IO.File.Exists(target)) throw new ArgumentException($"`outFolder` {target}: a file is there; name a folder.");
        if (!Directory.Exists(target)) return;
        if (FileIdentity.AreSame(target, source))
            throw new ArgumentException(
                $"`outFolder` {target} is the folder of the model itself, whose weights would be lost; name another folder.");
        TemporaryPath.Clean(target);
        RequireReplaceable(target, force);
        RequireNoInput(target, source);
    }

    /// <summary>A path in the temporary folder.</summary>
    internal string File(string name) => Path.Combine(_temporary.Path, name);

    /// <summary>Writes the files; where the disk is full, the exception names the file that the user would have had.</summary>
    internal void Fill(Action write)
    {
        try
        {
            write();
        }
        catch (DiskFullException e)
        {
            throw e.In(_temporary.Path, _target);
        }
    }

    /// <summary>Copies the files of a checkpoint that are no weights.</summary>
    internal void CopyBesideWeights(string source, CancellationToken cancellation)
    {
        foreach (string name in CheckpointFiles.BesideWeights(source))
        {
            cancellation.ThrowIfCancellationRequested();
            using FileStream content = System.IO.File.OpenRead(Path.Combine(source, name));
            AtomicFile.Write(File(name), content.CopyTo);
        }
    }

    /// <summary>Puts the files in place.</summary>
    internal void Commit()
    {
        string[] names = [.. Directory.GetFiles(_temporary.Path).Select(file => Path.GetFileName(file)).Order(StringComparer.Ordinal)];
        if (!_targetExists)
        {
            WrittenFiles.Of(_temporary.Path, names).Write(_temporary.Path);
            Directory.Move(_temporary.Path, _target);
            DurableName.FlushFolder(Path.GetDirectoryName(_target)!);
            return;
        }
        // From here on, until the last file is in place, every name of both checkpoints is ours: a kill leaves a folder that force
        // replaces.
        string[] old = [.. WrittenFiles.Read(_target)?.Names ?? []];
        WrittenFiles.AnyOf(old.Union(names, StringComparer.Ordinal)).Write(_target);
        // Without config.json, which goes first and comes last, no loader takes the folder for a checkpoint.
        foreach (string name in old.OrderBy(name => name != CheckpointFiles.ConfigName)) System.IO.File.Delete(Path.Combine(_target, name));
        foreach (string name in names.OrderBy(name => name == CheckpointFiles.ConfigName))
            System.IO.File.Move(File(name), Path.Combine(_target, name), overwrite: true);
        DurableName.FlushFolder(_target);
        WrittenFiles.Of(_target, names).Write(_target);
    }

    public void Dispose() => _temporary.Dispose();

    private static void RequireReplaceable(string target, bool force)
    {
        string[] there =
        [
            .. Directory.EnumerateFileSystemEntries(target).Select(entry => Path.GetFileName(entry))
                .Where(name => name != WrittenFiles.FileName).Order(StringComparer.Ordinal),
        ];
        if (there.Length == 0) return;
        WrittenFiles? written = WrittenFiles.Read(target);
        if (written is null)
            throw new ArgumentException($"`outFolder` {target}: the folder already holds files, and no checkpoint of this program that " +
                $"`force` could replace; name another.");
        if (!force)
            throw new ArgumentException(
                $"`outFolder` {target}: the folder already holds files; name another, or replace the checkpoint in it with `force`.");
        // A file of the user's would be lost, or taken for a part of the new checkpoint.
        if (there.FirstOrDefault(name => !written.IsAsWritten(target, name)
            && (written.Names.Contains(name) || CheckpointFiles.IsPart(name))) is { } foreign)
            throw new ArgumentException(
                $"`outFolder` {target}: {foreign} is not as this program wrote it; move it away, or name another folder.");
    }

    private static void RequireNoInput(string target, string source)
    {
        string[] written = [.. (WrittenFiles.Read(target)?.Names ?? []).Select(name => Path.Combine(target, name))];
        foreach (string input in CheckpointFiles.All(source))
            if (written.FirstOrDefault(file => FileIdentity.AreSame(input, file)) is { } lost)
                throw new ArgumentException(
                    $"`outFolder` {target}: {input} is read and is the same file as {lost}, which would be replaced; name another folder.");
    }
}
