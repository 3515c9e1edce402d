using System.Text.Json.Nodes;
using MaskLlm.Architectures;
using MaskLlm.Formats.MaskNpz;
using MaskLlm.Formats.Safetensors;
using MaskLlm.Masks;
using MaskLlm.Runs;
using MaskLlm.Tests;
using MaskLlm.Tokens;

namespace MaskLlm.Cli.Tests;

/// <summary>Whatever is wrong, a run that cannot start says so in one sentence, with the exit code for it, and leaves nothing
/// behind.</summary>
[Collection(TorchTests.Name)]
public sealed class BadInputTests : IDisposable
{
    private const int Failed = 1, BadInput = 2;
    private const string Projection = "model.layers.1.mlp.up_proj.weight";
    private readonly TemporaryFolder _folder = new();
    private readonly string _outside;
    private BrokenModel? _broken;

    public BadInputTests()
    {
        _outside = _folder.File("runs");
        Directory.CreateDirectory(_outside);
    }

    private BrokenModel Broken => _broken ??= new BrokenModel(_folder.File("broken"));

    private string Out => Path.Combine(_outside, "run");

    [Fact]
    public void Model_HubName_SaysHowToDownload() =>
        Refuses(Learn("meta-llama/Llama-3.2-1B"), "meta-llama/Llama-3.2-1B", "no such folder", "hf download");

    [Fact]
    public void Model_File_IsRefused() => Refuses(Learn(TinyModel.TextPath), TinyModel.TextPath, "a file", "folder");

    [Fact]
    public void Model_FolderWithoutConfig_IsRefused() => Refuses(Learn(_outside), "config.json");

    [Fact]
    public void Model_PickledWeightsOnly_IsRefusedForTheCodeInThem()
    {
        File.Move(Broken.WeightsPath, Broken.PathOf("pytorch_model.bin"));
        Refuses(Learn(Broken.Folder), Broken.Folder, "pytorch_model.bin", "arbitrary code", "safetensors");
    }

    [Theory]
    [InlineData("gptq")]
    [InlineData("awq")]
    [InlineData("fp8")]
    public void Model_QuantisedByConfig_IsRefused(string method)
    {
        Broken.WithConfig("quantization_config", new JsonObject { ["quant_method"] = method });
        Refuses(Learn(Broken.Folder), Broken.PathOf("config.json"), "quantization_config", method, "not quantised");
    }

    [Fact]
    public void Model_QuantisedTensorsOnly_IsRefused()
    {
        Broken.WithType(Projection, TensorType.Float8E4M3);
        Refuses(Learn(Broken.Folder), Broken.Folder, Projection, "F8_E4M3", "BF16", "unquantised");
    }

    [Fact]
    public void Model_UnknownArchitecture_NamesTheKnownOnes()
    {
        Broken.WithConfig("model_type", "mamba");
        Refuses(Learn(Broken.Folder), Broken.PathOf("config.json"), "mamba", "llama");
    }

    [Fact]
    public void Model_BrokenConfig_IsRefused()
    {
        File.WriteAllText(Broken.PathOf("config.json"), "{ \"model_type\": \"llama\", ");
        Refuses(Learn(Broken.Folder), Broken.PathOf("config.json"), "not valid JSON");
    }

    [Fact]
    public void Model_ConfigOfOtherSizes_NamesTensorAndShapes()
    {
        Broken.WithConfig("intermediate_size", 96);
        Refuses(Learn(Broken.Folder), Broken.Folder, "mlp", "(64, 32)", "(96, 32)");
    }

    [Fact]
    public void Model_MoreBlocksThanTensors_NamesTheMissingOne()
    {
        Broken.WithConfig("num_hidden_layers", 3);
        Refuses(Learn(Broken.Folder), Broken.Folder, "model.layers.2.", "missing");
    }

    [Fact]
    public void Model_NoTokenizer_IsRefused()
    {
        File.Delete(Broken.PathOf("tokenizer.json"));
        Refuses(Learn(Broken.Folder), Broken.Folder, "no tokenizer.json", "Copy");
    }

    [Fact]
    public void Model_TokenizerOfAnotherModel_IsRefused()
    {
        File.WriteAllBytes(Broken.PathOf("tokenizer.json"),
            BpeTrainer.Train([File.ReadAllText(TinyModel.TextPath)], 320, ["<|endoftext|>"]));
        Refuses(Learn(Broken.Folder), TinyModel.TextPath, "the text has the token", "embeddings end at 299", "different checkpoints");
    }

    [Fact]
    public void Weights_Truncated_IsRefused()
    {
        byte[] whole = File.ReadAllBytes(Broken.WeightsPath);
        File.WriteAllBytes(Broken.WeightsPath, whole[..^100]);
        Refuses(Learn(Broken.Folder), Broken.WeightsPath, "not a whole safetensors file", "again");
    }

    [Fact]
    public void Weights_Empty_IsRefused()
    {
        File.WriteAllBytes(Broken.WeightsPath, []);
        Refuses(Learn(Broken.Folder), Broken.WeightsPath, "empty");
    }

    [Fact]
    public void Weights_CorruptHeader_IsRefused()
    {
        byte[] bytes = File.ReadAllBytes(Broken.WeightsPath);
        bytes.AsSpan(8, 40).Fill(0x7F);
        File.WriteAllBytes(Broken.WeightsPath, bytes);
        Refuses(Learn(Broken.Folder), Broken.WeightsPath, "header");
    }

    [Theory]
    [InlineData(8L << 30)]
    [InlineData(90_000_000)]
    [InlineData(-1)]
    public void Weights_HeaderThatPromisesGigabytes_IsRefused(long length)
    {
        byte[] bytes = File.ReadAllBytes(Broken.WeightsPath);
        BitConverter.GetBytes(length).CopyTo(bytes, 0);
        File.WriteAllBytes(Broken.WeightsPath, bytes);
        Refuses(Learn(Broken.Folder), Broken.WeightsPath, "header claims", $"{(ulong)length}");
    }

    [Theory]
    [InlineData(0x7FC0)]
    [InlineData(0x7F80)]
    [InlineData(0xFF80)]
    public void Weights_NotFinite_NamesTheTensor(int bits)
    {
        Broken.WithLastValue(Projection, (ushort)bits);
        Refuses(Learn(Broken.Folder), Broken.Folder, Projection, "NaN or infinite");
    }

    [Fact]
    public void Weights_LargerThanMemory_AreNotLoaded()
    {
        const long Rows = 2_000_000, Columns = 1_000_000;
        Broken.WithConfig("vocab_size", Rows).WithConfig("hidden_size", Columns).WithConfig("head_dim", 16);
        try
        {
            Broken.WithHole("model.embed_tokens.weight", Rows, Columns);
        }
        catch (IOException e)
        {
            Assert.Skip($"this disk takes no file with a hole of {Rows * Columns * 2} bytes: {e.Message}");
        }
        Refuses(Failed, Learn(Broken.Folder), Broken.Folder, "2000000 million weights", "needs about 8000.0 GB", "smaller model");
    }

    [Fact]
    public void Learn_BatchLargerThanMemory_SaysWhatToLower() =>
        Refuses(Failed, Learn(TinyModel.Folder, "--batch-size", "50000000"), "GB of memory", "available",
            "lower --micro-batch-size or --seq-len");

    [Fact]
    public void Data_MissingFile_IsRefused() => Refuses(LearnOn(_folder.File("absent.txt")), _folder.File("absent.txt"), "no such file");

    [Fact]
    public void Data_Empty_IsRefused()
    {
        string data = _folder.Write("empty.txt", []);
        Refuses(LearnOn(data), data, "no text");
    }

    [Fact]
    public void Data_EmptyFolder_IsRefused()
    {
        string data = Directory.CreateDirectory(_folder.File("data")).FullName;
        Refuses(LearnOn(data), data, "no file");
    }

    [Fact]
    public void Data_NoUtf8_NamesTheByte()
    {
        string data = _folder.Write("latin1.txt", [.. "plain "u8, 0xE9, .. " text"u8]);
        Refuses(LearnOn(data), data, "no UTF-8 at byte 6", "0xE9", "Convert");
    }

    [Fact]
    public void Data_ShorterThanASequence_IsRefused()
    {
        string data = _folder.Write("short.txt", "four words of text"u8.ToArray());
        Refuses(LearnOn(data), data, "one sequence takes 17", "more text");
    }

    [Fact]
    public void Data_LessThanTheRunReads_WarnsAndRepeats()
    {
        string data = _folder.Write("small.txt", File.ReadAllBytes(TinyModel.TextPath)[..300]);
        CommandRun run = LearnOn(data);
        run.AssertSuccess();
        Assert.Matches(@"the run reads its data \d+\.\d times; more text, or fewer steps", run.Error);
        Assert.True(File.Exists(Path.Combine(Out, "mask.npz")));
    }

    [Fact]
    public void SeqLen_MoreThanThePositions_IsRefused() =>
        Refuses(Learn(TinyModel.Folder, "--seq-len", "65"), "--seq-len is 65", "64 positions", "Lower");

    [Fact]
    public void Pattern_ColumnsNotDivisible_NamesLayerAndSkip() => Refuses(
        Learn(TinyModel.Folder, "--pattern", "3:5"), "model.layers.0.self_attn.q_proj.weight", "32 columns", "3:5", "multiple of 5",
            "--skip");

    [Theory]
    [InlineData("4:2")]
    [InlineData("two of four")]
    public void Pattern_Nonsense_IsRefused(string pattern) => Refuses(Learn(TinyModel.Folder, "--pattern", pattern), pattern);

    [Fact]
    public void Skip_MatchesNothing_ShowsAName() =>
        Refuses(Learn(TinyModel.Folder, "--skip", "*lm_heads*"), "--skip *lm_heads*", "model.layers.0.self_attn.q_proj.weight");

    [Fact]
    public void Prior_OfAnotherModel_IsRefused()
    {
        string prior = _folder.File("other.npz");
        MaskNpz.Write(prior, CheckpointConfig.LinearShapes(Fixture.PathOf("models/llama-head-dim")).ToDictionary(
            pair => pair.Key, pair => new Mask(pair.Value.Rows, pair.Value.Columns, new byte[pair.Value.Rows * pair.Value.Columns / 8])));
        Refuses(Learn(TinyModel.Folder, "--prior", prior), prior, "another model", "made for this model");
    }

    [Fact]
    public void Prior_NoZip_IsRefused()
    {
        string prior = Path.Combine(TinyModel.Folder, "config.json");
        Refuses(Learn(TinyModel.Folder, "--prior", prior), prior, "no zip archive");
    }

    [Fact]
    public void Prior_Missing_NamesTheChoices() =>
        Refuses(Learn(TinyModel.Folder, "--prior", "wandaa"), "--prior wandaa", "magnitude", "none");

    [Fact]
    public void Out_ReadOnly_IsRefused()
    {
        if (!Directory.Exists("/proc")) Assert.Skip("no folder here that even an administrator cannot write in");
        Refuses(LearnTo("/proc/maskllm/run"), "--out /proc/maskllm/run", "nothing can be written in /proc");
    }

    [Fact]
    public void Out_BelowAFile_IsRefused()
    {
        string file = _folder.Write("file", [1]);
        Refuses(LearnTo(Path.Combine(file, "run")), file, "is a file", "name a folder");
    }

    [Fact]
    public void Out_AlreadyUsed_IsRefusedAndKept()
    {
        string used = Directory.CreateDirectory(_folder.File("used")).FullName;
        File.WriteAllText(Path.Combine(used, "mine.txt"), "mine");
        foreach (string[] options in new string[][] { [], ["--force"] }) Refuses(LearnTo(used, options), used, "already holds files",
            "no run of this program");
        Refuses(LearnTo(used, "--resume"), used, "no run", "--resume");
        Assert.Equal("mine", File.ReadAllText(Path.Combine(used, "mine.txt")));
        Assert.Single(Directory.GetFileSystemEntries(used));
    }

    [Fact]
    public void Out_AnotherRunWritesIt_IsRefusedUntilItEnds()
    {
        using (RunFolder other = RunFolder.Open(Out, force: false, resume: false))
        {
            other.Create();
            foreach (CommandRun refused in new[] { LearnTo(Out), LearnTo(Out, "--force") })
            {
                Assert.Equal(BadInput, refused.ExitCode);
                Assert.Contains($"{Out}: another run is writing there", refused.LastLine, StringComparison.Ordinal);
            }
        }
        LearnTo(Out).AssertSuccess();
        Assert.DoesNotContain(Path.Combine(Out, ".running"), Directory.GetFileSystemEntries(Out));
    }

    [Fact]
    public void Force_StartThatFails_KeepsTheEarlierRun()
    {
        LearnTo(Out).AssertSuccess();
        string[] before = Directory.GetFileSystemEntries(Out);
        CommandRun refused = Learn(Broken.WithConfig("model_type", "mamba").Folder, "--force");
        CommandRun refusedLater = LearnOn(_folder.File("absent.txt"), "--force");
        Assert.Equal((BadInput, BadInput), (refused.ExitCode, refusedLater.ExitCode));
        Assert.Equal(before.Order(), Directory.GetFileSystemEntries(Out).Order());
    }

    [Fact]
    public void ForceAndResume_Together_AreRefused() =>
        Refuses(Learn(TinyModel.Folder, "--force", "--resume"), "--force", "--resume", "exclude");

    [Fact]
    public void Resume_OtherOptions_NamesTheOption()
    {
        CommandRun stopped = CommandRun.StoppedAt("learning", Arguments(TinyModel.Folder, TinyModel.TextPath, Out));
        Assert.Equal((130, "interrupted"), (stopped.ExitCode, stopped.LastLine));
        byte[] checkpoint = File.ReadAllBytes(Path.Combine(Out, "checkpoint", "state.safetensors"));

        CommandRun refused = Learn(TinyModel.Folder, "--resume", "--seed", "8");

        Assert.Equal(BadInput, refused.ExitCode);
        Assert.All(["--resume", "seed", "7", "8", "--force"], part => Assert.Contains(part, refused.LastLine, StringComparison.Ordinal));
        Assert.Equal(checkpoint, File.ReadAllBytes(Path.Combine(Out, "checkpoint", "state.safetensors")));
        Learn(TinyModel.Folder, "--resume").AssertSuccess();
    }

    [Theory]
    [InlineData("--steps", "0", "--steps is 0")]
    [InlineData("--micro-batch-size", "3", "--micro-batch-size is 3")]
    [InlineData("--batch-size", "2000000000", "--batch-size is 2000000000")]
    [InlineData("--learning-rate", "NaN", "--learning-rate is \"NaN\"|digits with a point")]
    [InlineData("--learning-rate", "1e300", "--learning-rate is 1e300|at most 3.4")]
    [InlineData("--threads", "0", "--threads is 0")]
    [InlineData("--data", "", "--data is empty")]
    [InlineData("--out", "", "--out is empty")]
    [InlineData("--save-every", "0", "--save-every is 0")]
    [InlineData("--tau", "0:1", "0:1|--tau|100:500")]
    [InlineData("--steps", "many", "--steps|many|--help")]
    [InlineData("--recipe", "mask-lm", "--recipe|mask-lm|maskllm")]
    [InlineData("--schedule", "cubic", "--schedule|cubic")]
    [InlineData("--device", "tpu", "tpu|cpu")]
    [InlineData("--stepz", "3", "--stepz|did you mean --steps?|--help")]
    [InlineData("--quickly", "3", "no option --quickly")]
    public void Option_Wrong_IsNamed(string option, string value, string expected) =>
        Refuses(Learn(TinyModel.Folder, option, value), expected.Split('|'));

    [Fact]
    public void Option_MisspeltAmongManyValues_IsNoValue() => Refuses(
        CommandRun.Of("learn", TinyModel.Folder, "--out", Out, "--data", TinyModel.TextPath, "--forse"), "no option --forse",
            "did you mean --force?");

    [Fact]
    public void Option_Missing_IsNamed() =>
        Refuses(CommandRun.Of("learn", TinyModel.Folder, "--data", TinyModel.TextPath), "--out", "learn --help");

    [Theory]
    [InlineData("lern", "did you mean learn?")]
    [InlineData("aply", "did you mean apply?")]
    [InlineData("summarise", "maskllm --help")]
    public void Verb_Misspelt_NamesTheNearest(string verb, string expected) =>
        Refuses(CommandRun.Of(verb, TinyModel.Folder), $"no verb {verb}", expected);

    [Fact]
    public void Verbose_AFailure_ShowsTheStack()
    {
        CommandRun run = Learn("absent", "--verbose");
        Assert.Equal(BadInput, run.ExitCode);
        Assert.Contains("   at MaskLlm.", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Disk_Full_IsOneSentenceAndNoHalfFile()
    {
        string mount = Directory.CreateDirectory(_folder.File("small")).FullName, listing = _folder.File("listing");
        // A mount in a namespace of its own, which goes with the process: 100 KB do not hold the first checkpoint.
        const string Script = """
            unshare -m true 2>/dev/null || exit 77
            exec unshare -m sh -c '
                mount -t tmpfs -o size=100k none "$1" 2>/dev/null || exit 77
                mounted=$1 listing=$2; shift 2
                "$@"; code=$?
                find "$mounted" -type f > "$listing"
                exit $code' sh "$@"
            """;
        using ProgramRun run = ProgramRun.StartShell(
            Script, [mount, listing, .. ProgramRun.Command, .. Arguments(TinyModel.Folder, TinyModel.TextPath, Path.Combine(mount, "run")),
                "--save-every", "1"]);
        CommandRun ended = await run.End();
        if (ended.ExitCode == 77) Assert.Skip("a test may not mount a small disk here");

        Assert.Equal((Failed, ""), (ended.ExitCode, ended.Output));
        AssertOneSentence(ended, "disk is full", "run/checkpoint", "make room", "--resume");
        Assert.DoesNotContain(File.ReadLines(listing), file => file.EndsWith(".tmp", StringComparison.Ordinal)
            || file.EndsWith("state.safetensors", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Disk_TakesNoFileThisLarge_IsOneSentenceAndNoHalfFile()
    {
        if (!OperatingSystem.IsLinux()) Assert.Skip("the limit is set as on Linux");
        // 50 KB a file, and an error instead of a signal; .NET's own executable memory is a larger file unless told otherwise.
        using ProgramRun run = ProgramRun.StartShell(
            "trap '' XFSZ; ulimit -f 100; export DOTNET_EnableWriteXorExecute=0; exec \"$@\"",
            [.. ProgramRun.Command, .. Arguments(TinyModel.Folder, TinyModel.TextPath, Out), "--save-every", "1"]);
        CommandRun ended = await run.End();

        Assert.Equal((Failed, ""), (ended.ExitCode, ended.Output));
        AssertOneSentence(ended, Path.Combine(Out, "checkpoint", "state.safetensors"), "no file this large");
        Assert.Empty(Directory.GetFileSystemEntries(Path.Combine(Out, "checkpoint")));
        Learn(TinyModel.Folder, "--resume").AssertSuccess();
    }

    [Fact]
    public void Force_PruneOverALearningRun_LeavesNothingOfIt()
    {
        LearnTo(Out).AssertSuccess();
        CommandRun.Of("prune", TinyModel.Folder, "--method", "magnitude", "--out", Out, "--force").AssertSuccess();
        Assert.Equal(["README.md", "mask.npz", "run.json"], Directory.GetFileSystemEntries(Out).Select(Path.GetFileName)
            .Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("--config", "absent.json", "absent.json|no such file")]
    [InlineData("--data", "absent.txt", "absent.txt|no such file")]
    [InlineData("--seq-len", "65", "--seq-len is 65|64 positions")]
    [InlineData("--save-every", "0", "--save-every is 0")]
    [InlineData("--eval-every", "0", "--eval-every is 0")]
    [InlineData("--batch-size", "0", "--batch-size is 0")]
    public void Pretrain_BadInput_IsRefused(string option, string value, string expected)
    {
        Dictionary<string, string> options = new()
        {
            ["--config"] = Path.Combine(TinyModel.Folder, "config.json"),
            ["--data"] = TinyModel.TextPath,
            ["--out"] = Out,
            ["--seq-len"] = "16",
            ["--threads"] = "1",
            [option] = value,
        };
        Refuses(CommandRun.Of(["pretrain", .. options.SelectMany(pair => new[] { pair.Key, pair.Value })]), expected.Split('|'));
    }

    [Fact]
    public void Pretrain_DataShorterThanASequence_LeavesNoTokenizer()
    {
        string data = _folder.Write("short.txt", "four words of text"u8.ToArray());
        Refuses(
            CommandRun.Of("pretrain", "--config", Path.Combine(TinyModel.Folder, "config.json"), "--data", data, "--out", Out, "--seq-len",
                "32"),
            data, "one sequence takes 33");
    }

    public void Dispose() => _folder.Dispose();

    private static string[] Arguments(string model, string data, string target) =>
        ["learn", model, "--data", data, "--out", target, "--steps", "4", "--batch-size", "4", "--seq-len", "16", "--seed", "7",
            "--threads", "1"];

    private CommandRun Learn(string model, params string[] more) => Run(Arguments(model, TinyModel.TextPath, Out), more);

    private CommandRun LearnOn(string data, params string[] more) => Run(Arguments(TinyModel.Folder, data, Out), more);

    private static CommandRun LearnTo(string target, params string[] more) =>
        Run(Arguments(TinyModel.Folder, TinyModel.TextPath, target), more);

    // An option that a test gives takes the place of the one that all tests give.
    private static CommandRun Run(string[] arguments, string[] more)
    {
        List<string> all = [.. arguments];
        foreach (string option in more.Where(text => text.StartsWith("--", StringComparison.Ordinal)))
            if (all.IndexOf(option) is >= 0 and int at) all.RemoveRange(at, 2);
        return CommandRun.Of([.. all, .. more]);
    }

    private void Refuses(CommandRun run, params string[] expected) => Refuses(BadInput, run, expected);

    private void Refuses(int exitCode, CommandRun run, params string[] expected)
    {
        AssertOneSentence(run, expected);
        Assert.Equal((exitCode, ""), (run.ExitCode, run.Output));
        Assert.Empty(Directory.GetFileSystemEntries(_outside));
    }

    /// <summary>Lines of progress and warnings may come before it.</summary>
    private static void AssertOneSentence(CommandRun run, params string[] expected)
    {
        Assert.All(expected, part => Assert.Contains(part, run.LastLine, StringComparison.Ordinal));
        Assert.DoesNotContain("   at ", run.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("Exception", run.Error, StringComparison.Ordinal);
    }
}
