using System.Text.Json.Nodes;
using MaskLlm.Formats;
using MaskLlm.Json;

namespace MaskLlm.Runs;

/// <summary>The folder that a run writes, and no other run beside it until it is disposed.</summary>
public sealed class RunFolder : IDisposable
{
    // There from the first file of a run to its end, and locked while a process writes: a folder that has it and no checkpoint
    // holds a run that had not begun.
    private const string RecordName = "run.json", ConfigName = "config.json";

    private static readonly string[] MaskNames = [RecordName, "metrics.jsonl", "mask.npz", "prior.npz", "README.md", "logits.safetensors"];
    private static readonly string[] ModelNames = [RecordName, "metrics.jsonl", ConfigName, "model.safetensors", "tokenizer.json"];

    private readonly string[] _ownNames;
    private readonly bool _wasRunning;
    private bool _clears;
    private bool _created;
    private bool _finished;
    private FolderLock? _lock;

    private RunFolder(string path, string[] ownNames) =>
        (Path, _ownNames, _wasRunning) = (path, ownNames, IsMarker(System.IO.Path.Combine(path, FolderLock.Name)));

    /// <summary>The folder.</summary>
    public string Path { get; }

    /// <summary>Resolved options, versions, figures.</summary>
    public string RecordPath => File(RecordName);

    /// <summary>A line of JSON a logged step.</summary>
    public string MetricsPath => File("metrics.jsonl");

    /// <summary>The masks, in the original project's layout.</summary>
    public string MaskPath => File("mask.npz");

    /// <summary>The masks that learning started from, where the run made them.</summary>
    public string PriorPath => File("prior.npz");

    /// <summary>The model card.</summary>
    public string CardPath => File("README.md");

    /// <summary>Present while the run is unfinished: everything that resuming needs.</summary>
    public string CheckpointPath => CheckpointPathOf(Path);

    /// <summary>The same of a folder that another process writes.</summary>
    internal static string CheckpointPathOf(string folder) => System.IO.Path.Combine(folder, "checkpoint", "state.safetensors");

    /// <summary>Whether there is something for a resumed run to go on with.</summary>
    internal bool HasCheckpoint => System.IO.File.Exists(CheckpointPath);

    private bool HasRecord => System.IO.File.Exists(RecordPath);

    // Nothing that was computed is lost where such a run begins again.
    private bool HasNotBegun => _wasRunning && !HasCheckpoint && !HasRecord;

    /// <summary>
    /// Names the folder of a run that makes masks and checks that it may be used; a start that fails leaves nothing in it.
    /// </summary>
    /// <param name="path">Where.</param>
    /// <param name="force">Whether a folder that holds an earlier run may be used; the run's files are replaced, others stay.</param>
    /// <param name="resume">Whether to go on with the run that the folder holds.</param>
    /// <param name="inputs">Files and folders that the run reads; asked for only where the folder holds files.</param>
    /// <exception cref="ArgumentException">
    /// Both flags are set; or the folder holds files and neither is; or it holds no unfinished run to resume, or none to replace; or an
    /// input would be
    /// replaced; or it is a file, or cannot be written; or another run writes it.
    /// </exception>
    public static RunFolder Open(string path, bool force, bool resume, IEnumerable<string>? inputs = null) =>
        Open(new RunFolder(path, MaskNames), force, resume, inputs ?? []);

    /// <summary>The same for a run that makes a model, which is the folder itself.</summary>
    internal static RunFolder OpenModel(string path, bool force, bool resume, IEnumerable<string> inputs) =>
        Open(new RunFolder(path, ModelNames), force, resume, inputs);

    /// <summary>Makes the folder where it is missing and, with force, removes what an earlier run wrote: for right before the first
    /// file.</summary>
    /// <exception cref="ArgumentException">Another run has begun to write it.</exception>
    public void Create()
    {
        Directory.CreateDirectory(Path);
        _lock ??= new FolderLock(Path);
        _created = true;
        if (_clears) Clear();
    }

    /// <summary>A path in the folder.</summary>
    public string File(string name) => System.IO.Path.Combine(Path, name);

    /// <summary>Removes the checkpoint: the run is complete.</summary>
    public void RemoveCheckpoint()
    {
        string checkpoint = File("checkpoint");
        if (Directory.Exists(checkpoint))
        {
            // The state last: as long as it is there, the run can be resumed.
            foreach (string file in Directory.GetFiles(checkpoint).Where(IsOfCheckpoint).OrderBy(file => file == CheckpointPath))
                System.IO.File.Delete(file);
            if (!Directory.EnumerateFileSystemEntries(checkpoint).Any()) Directory.Delete(checkpoint);
        }
        _finished = true;
    }

    /// <summary>Lets other runs have the folder.</summary>
    public void Dispose()
    {
        if (_finished || (!_created && !_wasRunning)) _lock?.Remove();
        _lock?.Dispose();
        _lock = null;
    }

    private static RunFolder Open(RunFolder folder, bool force, bool resume, IEnumerable<string> inputs)
    {
        if (force && resume) throw new ArgumentException("`Force` and `Resume` exclude each other: one starts anew, the other goes on.");
        TemporaryPath.Clean(folder.Path);
        TemporaryPath.Clean(folder.File("checkpoint"));
        if (FolderLock.IsUsed(folder.Path))
        {
            folder.RequireNoInput(inputs);
            if (!folder.HasNotBegun)
            {
                if (resume) folder.RequireUnfinished();
                else folder.RequireReplaceable(force);
            }
        }
        folder._clears = force || folder.HasNotBegun;
        RequireWritable(folder.Path);
        if (Directory.Exists(folder.Path)) folder._lock ??= new FolderLock(folder.Path);
        return folder;
    }

    // Only what runs write: a folder keeps its other files.
    private void Clear()
    {
        RemoveCheckpoint();
        _finished = false;
        foreach (string own in _ownNames) System.IO.File.Delete(File(own));
        foreach (string events in Directory.EnumerateFiles(Path, "events.out.tfevents.*")) System.IO.File.Delete(events);
    }

    private void RequireReplaceable(bool force)
    {
        if (!_wasRunning && !HasCheckpoint && !IsRecord(RecordPath))
            throw new ArgumentException($"`Out` {Path}: the folder already holds files, and no run of this program that `Force` could " +
                $"replace or `Resume` go on with; name another.");
        if (!force)
            throw new ArgumentException(
                $"`Out` {Path}: the folder already holds files; name another, go on with `Resume`, or replace them with `Force`.");
        bool makesModels = _ownNames == ModelNames;
        if (System.IO.File.Exists(File(ConfigName)) && !(makesModels && MadeModel()))
            throw new ArgumentException($"`Out` {Path}: the folder holds a checkpoint, which `Force` does not replace here; name another.");
        if (!makesModels && System.IO.File.Exists(CardPath)
            && !System.IO.File.ReadAllText(CardPath).Contains("maskllm", StringComparison.OrdinalIgnoreCase))
            throw new ArgumentException(
                $"`Out` {Path}: its README.md is not the one that a run wrote, and would be replaced; move it, or name another folder.");
    }

    private bool MadeModel() => _wasRunning || HasCheckpoint || RecordHas(RecordPath, "options", "config");

    private void RequireNoInput(IEnumerable<string> inputs)
    {
        string[] own = [.. _ownNames.Select(File).Where(System.IO.File.Exists)];
        foreach (string input in inputs)
        {
            if (FileIdentity.AreSame(input, Path)) throw new ArgumentException($"`Out` {Path}: the model's own folder; name another.");
            if (own.FirstOrDefault(file => FileIdentity.AreSame(input, file)) is { } lost)
                throw new ArgumentException(
                    $"`Out` {Path}: the run reads {input} and would replace it ({System.IO.Path.GetFileName(lost)}); name another folder.");
        }
    }

    // Blocks, and hidden states behind pruned and behind dense ones.
    private static readonly string[] _checkpointNames = ["block-", "hidden-", "dense-"];

    private static bool IsOfCheckpoint(string path)
    {
        string name = System.IO.Path.GetFileName(path);
        return name is "state.safetensors" or "weights.safetensors" or "start.safetensors"
            || (name.EndsWith(".safetensors", StringComparison.Ordinal)
                && _checkpointNames.Any(start => name.StartsWith(start, StringComparison.Ordinal)));
    }

    private static bool IsMarker(string path) => System.IO.File.Exists(path) && new FileInfo(path).Length == 0;

    private static bool IsRecord(string path) => RecordHas(path, "versions", "maskllm");

    // A file of another program with this name, or a damaged one, is none.
    private static bool RecordHas(string path, string part, string member)
    {
        try
        {
            return System.IO.File.Exists(path) && JsonNode.Parse(JsonSource.ReadFile(path)) is JsonObject record
                && record[part] is JsonObject members && members[member] is not null;
        }
        // Members are looked at when they are first asked for: a name that is there twice, or no text, is found only then.
        catch (Exception e) when (e is System.Text.Json.JsonException or ArgumentException or InvalidOperationException
            or InvalidDataException)
        {
            return false;
        }
    }

    private void RequireUnfinished()
    {
        if (HasCheckpoint) return;
        if (HasRecord)
            throw new ArgumentException($"`Out` {Path}: the run there is complete and `Resume` has nothing to go on with; name another "
                + $"folder, or start anew with `Force`.");
        if (!System.IO.File.Exists(MetricsPath))
            throw new ArgumentException($"`Out` {Path}: the folder holds files but no run for `Resume` to go on with; name the folder of "
                + $"the run.");
    }

    // A folder that is not there yet is as writable as the nearest one above it.
    private static void RequireWritable(string path)
    {
        string existing = System.IO.Path.GetFullPath(path);
        while (!Directory.Exists(existing))
        {
            if (System.IO.File.Exists(existing)) throw new ArgumentException($"`Out` {path}: {existing} is a file; name a folder.");
            existing = System.IO.Path.GetDirectoryName(existing)!;
        }
        try
        {
            using TemporaryPath probe = TemporaryPath.In(existing, path);
            System.IO.File.WriteAllBytes(probe.Path, []);
        }
        catch (Exception e) when (e is UnauthorizedAccessException or IOException)
        {
            throw new ArgumentException($"`Out` {path}: nothing can be written in {existing}; name a folder elsewhere, or mend its "
                + $"permissions.", e);
        }
    }
}
