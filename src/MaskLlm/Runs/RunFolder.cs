namespace MaskLlm.Runs;

/// <summary>The folder that a run writes, and no other run beside it until it is disposed.</summary>
public sealed class RunFolder : IDisposable
{
    private const string LockName = ".running";

    private readonly bool _force;
    private FileStream? _lock;

    private RunFolder(string path, bool force) => (Path, _force) = (path, force);

    /// <summary>The folder.</summary>
    public string Path { get; }

    /// <summary>Resolved options, versions, figures.</summary>
    public string RecordPath => File("run.json");

    /// <summary>A line of JSON a logged step.</summary>
    public string MetricsPath => File("metrics.jsonl");

    /// <summary>The masks, in the original project's layout.</summary>
    public string MaskPath => File("mask.npz");

    /// <summary>The masks that learning started from, where the run made them.</summary>
    public string PriorPath => File("prior.npz");

    /// <summary>The model card.</summary>
    public string CardPath => File("README.md");

    /// <summary>Present while the run is unfinished: everything that resuming needs.</summary>
    public string CheckpointPath => System.IO.Path.Combine(Path, "checkpoint", "state.safetensors");

    /// <summary>Names the folder and checks that it may be used; a start that fails leaves nothing in it.</summary>
    /// <param name="path">Where.</param>
    /// <param name="force">Whether a folder that holds files may be used; its files are replaced one by one.</param>
    /// <param name="resume">Whether to go on with the run that the folder holds.</param>
    /// <exception cref="ArgumentException">
    /// Both flags are set; or the folder holds files and neither is; or it holds no unfinished run to resume; or it is a file, or cannot be written;
    /// or another run writes it.
    /// </exception>
    public static RunFolder Open(string path, bool force, bool resume)
    {
        if (force && resume) throw new ArgumentException("--force and --resume exclude each other: one starts anew, the other goes on.");
        RunFolder folder = new(path, force);
        bool used = Directory.Exists(path) && Directory.EnumerateFileSystemEntries(path).Any(entry => System.IO.Path.GetFileName(entry) != LockName);
        if (used && !force && !resume)
            throw new ArgumentException($"--out {path}: the folder already holds files; name another, go on with --resume, or replace them with --force.");
        if (used && resume) folder.RequireUnfinished();
        RequireWritable(path);
        if (Directory.Exists(path)) folder.Lock();
        return folder;
    }

    /// <summary>Makes the folder where it is missing and, with force, removes what an earlier run wrote: for right before the first file.</summary>
    /// <exception cref="ArgumentException">Another run has begun to write it.</exception>
    public void Create()
    {
        Directory.CreateDirectory(Path);
        Lock();
        if (_force) Clear();
    }

    /// <summary>A path in the folder.</summary>
    public string File(string name) => System.IO.Path.Combine(Path, name);

    /// <summary>Removes the checkpoint: the run is complete.</summary>
    public void RemoveCheckpoint()
    {
        string checkpoint = File("checkpoint");
        if (Directory.Exists(checkpoint)) Directory.Delete(checkpoint, recursive: true);
    }

    /// <summary>Lets other runs have the folder.</summary>
    public void Dispose()
    {
        _lock?.Dispose();
        _lock = null;
    }

    // A process that dies leaves the file, but not the lock.
    private void Lock()
    {
        try
        {
            _lock ??= new FileStream(File(LockName), FileMode.OpenOrCreate, FileAccess.Write, FileShare.None, 1, FileOptions.DeleteOnClose);
        }
        catch (IOException e)
        {
            throw new ArgumentException($"--out {Path}: another run is writing there; wait for it to end, or name another folder.", e);
        }
    }

    // Only what runs write: a folder named by mistake keeps its other files.
    private void Clear()
    {
        RemoveCheckpoint();
        foreach (string own in new[] { RecordPath, MetricsPath, MaskPath, PriorPath, CardPath, File("logits.safetensors") }) System.IO.File.Delete(own);
        foreach (string events in Directory.EnumerateFiles(Path, "events.out.tfevents.*")) System.IO.File.Delete(events);
    }

    private void RequireUnfinished()
    {
        if (System.IO.File.Exists(CheckpointPath)) return;
        if (System.IO.File.Exists(RecordPath))
            throw new ArgumentException($"--out {Path}: the run there is complete and --resume has nothing to go on with; name another folder, or start anew with --force.");
        if (!System.IO.File.Exists(MetricsPath))
            throw new ArgumentException($"--out {Path}: the folder holds files but no run for --resume to go on with; name the folder of the run.");
    }

    // A folder that is not there yet is as writable as the nearest one above it.
    private static void RequireWritable(string path)
    {
        string existing = System.IO.Path.GetFullPath(path);
        while (!Directory.Exists(existing))
        {
            if (System.IO.File.Exists(existing)) throw new ArgumentException($"--out {path}: {existing} is a file; name a folder.");
            existing = System.IO.Path.GetDirectoryName(existing)!;
        }
        try
        {
            string probe = System.IO.Path.Combine(existing, $".{Guid.NewGuid():N}.tmp");
            System.IO.File.WriteAllBytes(probe, []);
            System.IO.File.Delete(probe);
        }
        catch (Exception e) when (e is UnauthorizedAccessException or IOException)
        {
            throw new ArgumentException($"--out {path}: nothing can be written in {existing}; name a folder elsewhere, or mend its permissions.", e);
        }
    }
}
