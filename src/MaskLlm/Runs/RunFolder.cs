namespace MaskLlm.Runs;

/// <summary>The folder that a run writes.</summary>
public sealed class RunFolder
{
    private RunFolder(string path) => Path = path;

    /// <summary>The folder.</summary>
    public string Path { get; }

    /// <summary>Resolved options, versions, figures.</summary>
    public string RecordPath => File("run.json");

    /// <summary>A line of JSON a logged step.</summary>
    public string MetricsPath => File("metrics.jsonl");

    /// <summary>The masks, in the original project's layout.</summary>
    public string MaskPath => File("mask.npz");

    /// <summary>The model card.</summary>
    public string CardPath => File("README.md");

    /// <summary>Present while the run is unfinished: everything that resuming needs.</summary>
    public string CheckpointPath => System.IO.Path.Combine(Path, "checkpoint", "state.safetensors");

    /// <summary>Makes the folder, or takes an existing one.</summary>
    /// <param name="path">Where.</param>
    /// <param name="force">Whether a folder that holds files may be used; its files are replaced one by one.</param>
    /// <param name="resume">Whether to go on with the run that the folder holds.</param>
    /// <exception cref="ArgumentException">The folder holds files and neither flag is set, or it is a file, or it cannot be written.</exception>
    public static RunFolder Open(string path, bool force, bool resume)
    {
        if (force && resume) throw new ArgumentException("--force and --resume exclude each other: one starts anew, the other goes on.");
        if (System.IO.File.Exists(path)) throw new ArgumentException($"--out {path}: a file is there; name a folder.");
        if (Directory.Exists(path) && !force && !resume && Directory.EnumerateFileSystemEntries(path).Any())
            throw new ArgumentException($"--out {path}: the folder already holds files; name another, go on with --resume, or replace them with --force.");
        RequireWritable(path);
        RunFolder folder = new(path);
        if (force) folder.Clear();
        return folder;
    }

    /// <summary>A path in the folder.</summary>
    public string File(string name) => System.IO.Path.Combine(Path, name);

    /// <summary>Removes the checkpoint: the run is complete.</summary>
    public void RemoveCheckpoint()
    {
        string checkpoint = File("checkpoint");
        if (Directory.Exists(checkpoint)) Directory.Delete(checkpoint, recursive: true);
    }

    // Only what runs write: a folder named by mistake keeps its other files.
    private void Clear()
    {
        RemoveCheckpoint();
        foreach (string own in new[] { RecordPath, MetricsPath, MaskPath, CardPath, File("logits.safetensors") }) System.IO.File.Delete(own);
        foreach (string events in Directory.EnumerateFiles(Path, "events.out.tfevents.*")) System.IO.File.Delete(events);
    }

    private static void RequireWritable(string path)
    {
        try
        {
            Directory.CreateDirectory(path);
            string probe = System.IO.Path.Combine(path, $".{Guid.NewGuid():N}.tmp");
            System.IO.File.WriteAllBytes(probe, []);
            System.IO.File.Delete(probe);
        }
        catch (Exception e) when (e is UnauthorizedAccessException or IOException)
        {
            throw new ArgumentException($"--out {path}: cannot be written ({e.Message}); name another folder.");
        }
    }
}
