using System.Text.Json.Nodes;
using MaskLlm.Runs;

namespace MaskLlm.Tests.Runs;

/// <summary>Whose folder it is, whether a run has begun in it, and what a new one may replace.</summary>
public sealed class RunFolderTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string Out => _folder.File("out");

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Open_RunThatEndedBeforeItsFirstCheckpoint_BeginsAgain(bool resume)
    {
        using (RunFolder stopped = RunFolder.Open(Out, force: false, resume: false))
        {
            stopped.Create();
            foreach (string name in new[] { "prior.npz", "metrics.jsonl", "events.out.tfevents.1",
                ".prior.npz.999999999-1.0123456789ab.tmp" }) File.WriteAllText(stopped.File(name), "old");
            Directory.CreateDirectory(stopped.File("checkpoint"));
        }

        using RunFolder begun = RunFolder.Open(Out, force: false, resume);
        begun.Create();

        Assert.Equal([".running"], Names());
    }

    [Fact]
    public void Open_RunWithACheckpoint_IsResumedOrReplacedOnlyByTheOption()
    {
        Unfinished();
        Assert.Contains("`Resume`", Refused(force: false), StringComparison.Ordinal);
        using (RunFolder resumed = RunFolder.Open(Out, force: false, resume: true))
        {
            resumed.Create();
            Assert.True(resumed.HasCheckpoint);
            Assert.True(File.Exists(resumed.MetricsPath));
        }
        using RunFolder anew = RunFolder.Open(Out, force: true, resume: false);
        anew.Create();
        Assert.Equal([".running"], Names());
    }

    [Fact]
    public void Open_ForcedOverFilesThatNoRunWrote_IsRefusedAndAllStays()
    {
        Directory.CreateDirectory(Path.Combine(Out, "checkpoint"));
        foreach (string name in new[] { "README.md", "mask.npz", "run.json", "metrics.jsonl",
            "checkpoint/other" }) File.WriteAllText(Path.Combine(Out, name), "theirs");
        string[] before = Names();
        Assert.Contains("no run of this program", Refused(force: true), StringComparison.Ordinal);
        Assert.Equal(before, Names());
        File.WriteAllText(Path.Combine(Out, "run.json"), "{\"versions\":{\"other\":\"1\"}}");
        Assert.Contains("no run of this program", Refused(force: true), StringComparison.Ordinal);
    }

    [Fact]
    public void Open_ForcedOverARun_ReplacesWhatTheRunWroteAndNothingElse()
    {
        Finished();
        foreach (string name in new[] { "notes.txt", "weights.bin", "checkpoint.txt" }) File.WriteAllText(Path.Combine(Out, name), "mine");
        Directory.CreateDirectory(Path.Combine(Out, "checkpoint"));
        File.WriteAllText(Path.Combine(Out, "checkpoint", "mine.safetensors"), "mine");
        File.WriteAllText(Path.Combine(Out, "checkpoint", "block-0.safetensors"), "the run's");

        using RunFolder anew = RunFolder.Open(Out, force: true, resume: false);
        anew.Create();

        Assert.Equal([".running", "checkpoint", "checkpoint.txt", "notes.txt", "weights.bin"], Names());
        Assert.Equal(["mine.safetensors"], Directory.GetFiles(Path.Combine(Out, "checkpoint")).Select(Path.GetFileName));
    }

    [Fact]
    public void Open_ForcedOverARunWhoseCardIsTheUsers_IsRefused()
    {
        Finished();
        File.WriteAllText(Path.Combine(Out, "README.md"), "my own notes");
        Assert.Contains("README.md", Refused(force: true), StringComparison.Ordinal);
    }

    [Fact]
    public void Open_ForcedOverAPretrainedModel_IsRefusedWhereMasksAreMade()
    {
        using (RunFolder pretrained = RunFolder.OpenModel(Out, force: false, resume: false, []))
        {
            pretrained.Create();
            File.WriteAllText(pretrained.File("config.json"), "{}");
            File.WriteAllText(pretrained.File("model.safetensors"), "weights");
            Record(pretrained, "config");
            pretrained.RemoveCheckpoint();
        }
        Assert.Contains("a checkpoint", Refused(force: true), StringComparison.Ordinal);
        using RunFolder again = RunFolder.OpenModel(Out, force: true, resume: false, []);
        again.Create();
        Assert.Equal([".running"], Names());
    }

    [Fact]
    public void Open_InputThatWouldBeReplaced_IsRefusedByAnyPath()
    {
        Finished();
        File.CreateSymbolicLink(_folder.File("link"), Path.Combine(Out, "mask.npz"));
        foreach (string input in new[] { Path.Combine(Out, "mask.npz"), Path.Combine(Out, ".", "README.md"), _folder.File("link"),
            Out, Out + "/" })
            Assert.Contains("name " +
                "another", Assert.Throws<ArgumentException>(() => RunFolder.Open(Out, force: true, resume: false, [input])).Message,
                StringComparison.Ordinal);
        // What lies there and is not replaced may be read.
        File.WriteAllText(Path.Combine(Out, "text.txt"), "text");
        RunFolder.Open(Out, force: true, resume: false, [Path.Combine(Out, "text.txt")]).Dispose();
        Assert.True(File.Exists(Path.Combine(Out, "mask.npz")));
    }

    [Fact]
    public void Dispose_StartThatFailed_LeavesNothing()
    {
        Directory.CreateDirectory(Out);
        RunFolder.Open(Out, force: false, resume: false).Dispose();
        Assert.Empty(Names());
    }

    /// <summary>The state is what a run is resumed by: as long as another file of the checkpoint is there, so is it.</summary>
    [Fact]
    public void RemoveCheckpoint_Files_LosesTheStateLast()
    {
        using RunFolder run = RunFolder.Open(Out, force: false, resume: false);
        run.Create();
        string checkpoint = Path.GetDirectoryName(run.CheckpointPath)!;
        Directory.CreateDirectory(checkpoint);
        string[] names = ["block-0.safetensors", "hidden-1.safetensors", "state.safetensors", "weights.safetensors"];
        foreach (string name in names) File.WriteAllText(Path.Combine(checkpoint, name), "");
        List<string> deleted = [];
        using (FileSystemWatcher watcher = new(checkpoint))
        using (SemaphoreSlim seen = new(0))
        {
            watcher.Deleted += (_, file) =>
            {
                lock (deleted) deleted.Add(file.Name!);
                seen.Release();
            };
            watcher.EnableRaisingEvents = true;
            run.RemoveCheckpoint();
            for (int i = 0; i < names.Length; i++) seen.Wait(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken);
        }
        Assert.Equal(names, deleted.Order(StringComparer.Ordinal));
        Assert.Equal("state.safetensors", deleted[^1]);
        Assert.False(Directory.Exists(checkpoint));
    }

    /// <summary>
    /// A resumed run that fails before its first step is as it was; so is a folder whose user has such a file of his own.
    /// </summary>
    [Fact]
    public void Dispose_ResumedAndNotBegun_KeepsTheMark()
    {
        Unfinished();
        RunFolder.Open(Out, force: false, resume: true).Dispose();
        Assert.Equal([".running", "checkpoint", "metrics.jsonl"], Names());
        Directory.Delete(Path.Combine(Out, "checkpoint"), recursive: true);
        RunFolder.Open(Out, force: false, resume: false).Dispose();
        File.WriteAllText(Path.Combine(Out, ".running"), "mine");
        Assert.Contains("no run of this program", Refused(force: false), StringComparison.Ordinal);
    }

    [Fact]
    public void Dispose_CompleteRun_TakesTheMarkAway()
    {
        Finished();
        Assert.Equal(["README.md", "mask.npz", "run.json"], Names());
        Assert.Contains("replace them with `Force`", Refused(force: false), StringComparison.Ordinal);
        Assert.Contains(
            "is complete and `Resume` has nothing to go on with",
                Assert.Throws<ArgumentException>(() => RunFolder.Open(Out, false, resume: true)).Message,
            StringComparison.Ordinal);
        Assert.Contains("exclude each other", Assert.Throws<ArgumentException>(() => RunFolder.Open(Out, true, resume: true)).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Open_OfTwoRuns_TheSecondIsRefused()
    {
        using RunFolder first = RunFolder.Open(Out, force: false, resume: false);
        first.Create();
        File.WriteAllText(first.MetricsPath, "{}");
        Assert.Contains("another run is writing there", Refused(force: false), StringComparison.Ordinal);
    }

    private void Unfinished()
    {
        using RunFolder stopped = RunFolder.Open(Out, force: false, resume: false);
        stopped.Create();
        File.WriteAllText(stopped.MetricsPath, "{}");
        Directory.CreateDirectory(Path.GetDirectoryName(stopped.CheckpointPath)!);
        File.WriteAllText(stopped.CheckpointPath, "state");
    }

    private void Finished()
    {
        using RunFolder run = RunFolder.Open(Out, force: false, resume: false);
        run.Create();
        File.WriteAllText(run.MaskPath, "mask");
        File.WriteAllText(run.CardPath, "Learned with maskllm");
        Record(run, "seq-len");
        run.RemoveCheckpoint();
    }

    private static void Record(RunFolder run, string option) =>
        new RunRecord("learn", new JsonObject { [option] = "1" }, 0, "scalar", [], []).Write(run.RecordPath);

    private string Refused(bool force) => Assert.Throws<ArgumentException>(() => RunFolder.Open(Out, force, resume: false)).Message;

    private string[] Names() =>
        [.. Directory.GetFileSystemEntries(Out).Select(entry => Path.GetFileName(entry)).Order(StringComparer.Ordinal)];
}
