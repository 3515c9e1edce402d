using MaskLlm.Formats;
using MaskLlm.Tests;

namespace MaskLlm.Cli.Tests;

/// <summary>Files of runs that were damaged, killed, cut off or are somebody else's: what each verb says and leaves.</summary>
[Collection(TorchTests.Name)]
public sealed class DurableFilesTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string Out => _folder.File("run");

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("learning", "learn", "--steps", "6", "--batch-size", "2", "--seq-len", "16", "--prior", "magnitude")]
    [InlineData("pruning by wanda", "prune", "--method", "wanda", "--samples", "4", "--seq-len", "16", "--hidden-memory", "0")]
    public void Resume_DamagedCheckpoint_IsRefusedAndStartsAgainWithoutIt(string stopAt, string verb, params string[] options)
    {
        string[] arguments = [verb, TinyModel.Folder, "--data", TinyModel.TextPath, "--out", Out, "--threads", "1", .. options];
        Assert.Equal(130, CommandRun.StoppedAt(stopAt, arguments).ExitCode);
        string checkpoint = Path.Combine(Out, "checkpoint");
        string[] files = Directory.GetFiles(checkpoint);
        Assert.NotEmpty(files);
        foreach (string file in files)
        {
            byte[] whole = File.ReadAllBytes(file);
            foreach (int at in new[] { 60, whole.Length / 2, whole.Length - 1 })
            {
                byte[] damaged = [.. whole];
                damaged[at] ^= 1;
                File.WriteAllBytes(file, damaged);
                CommandRun refused = CommandRun.Of([.. arguments, "--resume"]);
                Assert.Equal((2, ""), (refused.ExitCode, refused.Output));
                Assert.Contains(file, refused.LastLine, StringComparison.Ordinal);
            }
            File.WriteAllBytes(file, whole);
        }
        Directory.Delete(checkpoint, recursive: true);
        CommandRun.Of(arguments).AssertSuccess();
    }

    [Fact]
    public void Pretrain_DamagedCheckpoint_IsRefused()
    {
        string[] arguments =
            ["pretrain", "--config", Path.Combine(TinyModel.Folder, "config.json"), "--data", TinyModel.TextPath, "--out", Out,
            "--steps", "6", "--batch-size", "2", "--seq-len", "16", "--threads", "1"];
        Assert.Equal(130, CommandRun.StoppedAt("pretraining", arguments).ExitCode);
        string state = Path.Combine(Out, "checkpoint", "state.safetensors");
        byte[] damaged = File.ReadAllBytes(state);
        damaged[^3] ^= 16;
        File.WriteAllBytes(state, damaged);
        CommandRun refused = CommandRun.Of([.. arguments, "--resume"]);
        Assert.Equal(2, refused.ExitCode);
        Assert.Contains($"{state} is damaged", refused.LastLine, StringComparison.Ordinal);
    }

    [Fact]
    public void Force_OverTheModelOrAnInput_IsRefusedInEveryVerbAndNothingChanges()
    {
        string model = TinyModel.CopyTo(_folder.File("model")), weights = Path.Combine(model, "model.safetensors"),
            mask = _folder.File("mask.npz");
        CommandRun.Of("prune", TinyModel.Folder, "--method", "magnitude", "--out", Out).AssertSuccess();
        File.Copy(Path.Combine(Out, "mask.npz"), mask);
        File.CreateSymbolicLink(_folder.File("link"), weights);
        Directory.CreateSymbolicLink(_folder.File("folder"), model);
        Dictionary<string, byte[]> before = Contents(model, Out);
        string[][] commands =
        [
            ["learn", model, "--data", TinyModel.TextPath, "--out", model],
            ["learn", model, "--data", TinyModel.TextPath, "--out", _folder.File("folder")],
            ["learn", model, "--data", TinyModel.TextPath, "--prior", Path.Combine(Out, "mask.npz"), "--out", Out],
            ["learn", model, "--data", Path.Combine(Out, "README.md"), "--out", Out],
            ["prune", model, "--method", "magnitude", "--out", _folder.File("folder")],
            ["pretrain", "--config", Path.Combine(model, "config.json"), "--data", TinyModel.TextPath, "--out", model],
            ["apply", model, "--mask", mask, "--out", _folder.File("folder")],
            ["export", model, "--out", weights],
            ["export", model, "--out", _folder.File("link")],
            ["export", model, "--format", "gguf", "--out", Path.Combine(model, "..", "model", "tokenizer.json")],
            ["export", model, "--mask", mask, "--out", mask],
            ["merge", mask, Path.Combine(Out, "mask.npz"), "--out", Path.Combine(Out, ".", "mask.npz")],
            ["merge", mask, Path.Combine(Out, "mask.npz"), "--out", weights, "--model", model],
        ];
        foreach (string[] command in commands)
        {
            CommandRun refused =
                CommandRun.Of([.. command, "--force", .. command[0] is "learn" or "pretrain" ? (string[])["--seq-len", "16"] : []]);
            Assert.True((refused.ExitCode, refused.Output) == (2, ""), $"{string.Join(' ', command)}: {refused}");
            Assert.Contains("another", refused.LastLine, StringComparison.Ordinal);
            Assert.Equal(before, Contents(model, Out));
        }
    }

    [Fact]
    public void Force_OverFilesOfOthers_IsRefusedAndOverItsOwnReplaces()
    {
        string mask = _folder.File("mask.npz"), runtime = _folder.File("runtime"), gguf = _folder.File("gguf");
        CommandRun.Of("prune", TinyModel.Folder, "--method", "magnitude", "--out", Out).AssertSuccess();
        string one = Path.Combine(Out, "mask.npz");
        foreach (string[] command in new string[][] { ["export", TinyModel.Folder, "--out", runtime],
            ["export", TinyModel.Folder, "--format", "gguf", "--out", gguf], ["merge", one, one, "--out", mask] })
        {
            string target = command[^1];
            File.WriteAllText(target, "of another program");
            CommandRun refused = CommandRun.Of([.. command, "--force"]);
            Assert.Equal(2, refused.ExitCode);
            Assert.Contains("name another", refused.LastLine, StringComparison.Ordinal);
            Assert.Equal("of another program", File.ReadAllText(target));
            File.Delete(target);
            CommandRun.Of(command).AssertSuccess();
            CommandRun.Of([.. command, "--force"]).AssertSuccess();
        }
    }

    /// <summary>The field's case and its siblings: whatever rename a kill precedes, the run is begun or resumed.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public async Task Learn_KilledAtARename_BeginsOrResumes(int rename)
    {
        if (!File.Exists("/usr/bin/strace")) Assert.Skip("strace kills at a rename");
        string[] arguments =
            ["learn", TinyModel.Folder, "--data", TinyModel.TextPath, "--out", Out, "--steps", "4", "--batch-size", "1", "--seq-len",
            "16", "--save-every", "1", "--threads", "1"];
        // The token cache is there already: its rename is not counted.
        CommandRun.Of([.. arguments[..4], "--out", _folder.File("first"), .. arguments[6..]]).AssertSuccess();
        using (ProgramRun run = ProgramRun.StartShell(
            "when=$1; shift; exec strace -f -qq -e trace=rename,renameat,renameat2 -e " +
                "inject=rename,renameat,renameat2:signal=SIGKILL:when=$when -o /dev/null \"$@\"",
            [$"{rename}", .. ProgramRun.Command, .. arguments]))
            await run.End();
        Assert.False(File.Exists(Path.Combine(Out, "run.json")));

        CommandRun.Of([.. arguments, "--resume"]).AssertSuccess();

        Assert.Empty(
            Directory.EnumerateFiles(Out, ".*.tmp", new EnumerationOptions { AttributesToSkip = 0, RecurseSubdirectories = true }));
        Assert.Equal(File.ReadAllBytes(_folder.File("first/mask.npz")), File.ReadAllBytes(Path.Combine(Out, "mask.npz")));
    }

    [Fact]
    public async Task Serve_FileCutShortAndOverwritten_GoesOnWithWhatItRead()
    {
        string file = _folder.File("model.maskllm");
        CommandRun.Of("export", TinyModel.Folder, "--out", file).AssertSuccess();
        using RunningServer server = await RunningServer.StartOn(file);
        const string Body = """{"model":"tiny","prompt":"the fox","max_tokens":8,"temperature":0}""";
        string before = (string)(await server.PostJson("/v1/completions", Body))["choices"]![0]!["text"]!;
        using (FileStream cut = new(file, FileMode.Open, FileAccess.Write, FileShare.ReadWrite)) cut.SetLength(0);
        string afterCut = (string)(await server.PostJson("/v1/completions", Body))["choices"]![0]!["text"]!;
        File.WriteAllBytes(file, new byte[1 << 20]);
        string afterOverwriting = (string)(await server.PostJson("/v1/completions", Body))["choices"]![0]!["text"]!;
        Assert.Equal((before, before), (afterCut, afterOverwriting));
    }

    [Fact]
    public async Task Eval_FifoAsData_IsStoppedByATerm()
    {
        if (!OperatingSystem.IsLinux()) Assert.Skip("made with mkfifo");
        using ProgramRun run = ProgramRun.StartShell("mkfifo \"$1\"; shift; exec " +
            "\"$@\"", [_folder.File("fifo"), .. ProgramRun.Command, "eval", TinyModel.Folder, "--data", _folder.File("fifo"),
            "--threads", "1"]);
        Assert.True(await run.Reaches(() => run.ErrorSoFar.Contains("reading", StringComparison.Ordinal)));
        run.Terminate();
        CommandRun ended = await run.End();
        Assert.Equal((130, "interrupted"), (ended.ExitCode, ended.LastLine));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Hangup_StopsWithACheckpointUnlessItIsIgnored(bool ignored)
    {
        if (OperatingSystem.IsWindows()) Assert.Skip("Unix has such signals");
        string[] arguments =
            ["learn", TinyModel.Folder, "--data", TinyModel.TextPath, "--out", Out, "--steps", ignored ? "40" : "4000",
            "--batch-size", "1", "--seq-len", "16", "--prior", "magnitude", "--log-every", "1", "--threads", "1"];
        using ProgramRun run =
            ProgramRun.StartShell(ignored ? "trap '' HUP; exec \"$@\"" : "exec \"$@\"", [.. ProgramRun.Command, .. arguments]);
        Assert.True(
            await run.Reaches(() => File.Exists(Path.Combine(Out, "metrics.jsonl"))
            && new FileInfo(Path.Combine(Out, "metrics.jsonl")).Length > 0));
        run.Signal("HUP");
        CommandRun ended = await run.End();
        Assert.Equal(ignored ? 0 : 130, ended.ExitCode);
        Assert.Equal(!ignored, File.Exists(Path.Combine(Out, "checkpoint", "state.safetensors")));
    }

    [Fact]
    public void Export_DiskFull_NamesTheFileAndARemedyThatTheVerbHas()
    {
        Exception full =
            Assert.ThrowsAny<IOException>(() =>
            DiskFullException.Naming("model.maskllm", () => throw new IOException("No space left on device : '/x/.y.tmp'", 28)));
        Assert.Equal("model.maskllm: the disk is full; make room and start again, or name another --out.",
            ExitCode.Sentence(full, Verb("export")));
        Assert.Equal("model.maskllm: the disk is full; make room and go on with --resume, or name another --out.",
            ExitCode.Sentence(full, Verb("learn")));
        Assert.Equal("model.maskllm: the disk is full; make room and start again.", ExitCode.Sentence(full, Verb("eval")));
        Assert.Equal("standard output: the disk is full; make room and start again.",
            ExitCode.Sentence(new IOException("No space left on device", 28), Verb("eval")));
    }

    private static System.CommandLine.Command Verb(string name) =>
        CommandLine.Root(CancellationToken.None).Subcommands.Single(verb => verb.Name == name);

    private static Dictionary<string, byte[]> Contents(params string[] folders) =>
        folders.SelectMany(folder => Directory.GetFiles(folder, "*", SearchOption.AllDirectories)).ToDictionary(file => file,
            File.ReadAllBytes);
}
