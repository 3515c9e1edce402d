using MaskLlm.Architectures;
using MaskLlm.Decoding;
using MaskLlm.Formats.MaskNpz;
using MaskLlm.Masks;
using MaskLlm.Tests;

namespace MaskLlm.Cli.Tests;

/// <summary>One weight that is finite and far too large makes every activation NaN: no verb makes a figure, a mask, a text or a file of
/// that.</summary>
[Collection(TorchTests.Name)]
public sealed class NotANumberTests : IDisposable
{
    private const int BadInput = 2;
    private const string Projection = "model.layers.0.mlp.up_proj.weight";
    private const string Prompt = "the fox sees the river by the gate. a heron carries a loaf of bread at noon. the miller waits for the "
        + "winter.";
    private const ushort LargestBFloat16 = 0x7F7F, NaN = 0x7FC0;
    private readonly TemporaryFolder _folder = new();

    private string Out => _folder.File("out");

    private string Huge => _huge ??= new BrokenModel(_folder.File("huge")).WithLastValue(Projection, LargestBFloat16).Folder;

    private string? _huge;

    [Fact]
    public void Eval_Dense_SaysOfWhat() =>
        Refuses(Run("eval", Huge, "--data", TinyModel.TextPath, "--max-windows", "2"), "perplexity of the dense model is NaN");

    [Fact]
    public void Eval_Mask_SaysOfWhich()
    {
        // The dense model is whole; the mask keeps nothing else of the row that it is kept from.
        string mask = MaskThatPrunesTheLast();
        CommandRun run = Run("eval", Huge, "--mask", mask, "--data", TinyModel.TextPath, "--max-windows", "2");
        Refuses(run, "perplexity of the dense model is NaN");
    }

    [Theory]
    [InlineData("bfloat16")]
    [InlineData("float32")]
    [InlineData("int8")]
    public void RuntimeFile_EvalAndGenerate_SayIt(string type)
    {
        string file = _folder.File("model.maskllm");
        CommandRun.Of("export", Huge, "--type", type, "--out", file).AssertSuccess();
        Refuses(Run("eval", file, "--data", TinyModel.TextPath, "--max-windows", "2"), $"perplexity of {file} is NaN");
        Refuses(Run("generate", file, "--prompt", Prompt, "--max-tokens", "3"), "logits for position", "NaN or infinite");
        Refuses(Run("generate", file, "--prompt", Prompt, "--max-tokens", "3", "--temperature", "1"), "logits for position",
            "NaN or infinite");
    }

    [Fact]
    public void Export_Int4OfWeightsBeyondIt_SaysOfWhich()
    {
        CommandRun run = CommandRun.Of("export", Huge, "--type", "int4", "--out", _folder.File("model.maskllm"));
        Refuses(run, "model.layers.0.mlp.up_proj.weight holds 3.3895314E+38, and int4 ends at 3780");
        Assert.False(File.Exists(_folder.File("model.maskllm")));
    }

    [Fact]
    public void Generate_SquaresBeyondFloat32_DrawNoToken()
    {
        // Hidden states of about 1e30 are finite and their squares are not: the norm made zeros of them, and all tokens were equal.
        string model = new BrokenModel(_folder.File("large")).WithLastValue("model.layers.1.mlp.down_proj.weight", 0x7F00).Folder;
        Refuses(Run("generate", model, "--prompt", "the fox sees", "--max-tokens", "3"), "logits for position", "NaN or infinite");
        Refuses(Run("eval", model, "--data", TinyModel.TextPath, "--max-windows", "1"), "perplexity of the dense model", "is NaN");
    }

    [Theory]
    [InlineData("wanda")]
    [InlineData("ria")]
    [InlineData("sparsegpt")]
    public void Prune_Activations_NamesTheLayer(string method)
    {
        Refuses(
            Run("prune", Huge, "--method", method, "--data", TinyModel.TextPath, "--samples", "2", "--seq-len", "32", "--out", Out),
                "model.layers.0.mlp.");
        Assert.False(File.Exists(Path.Combine(Out, "mask.npz")));
    }

    [Fact]
    public void Permute_NamesTheLayer()
    {
        Refuses(Run("permute", Huge, "--data", TinyModel.TextPath, "--samples", "2", "--seq-len", "32", "--out", Out),
            "model.layers.0.mlp.");
        Assert.False(Directory.Exists(Out));
    }

    [Fact]
    public void Sensitivity_SaysOfWhat() =>
        Refuses(Run("sensitivity", Huge, "--mask", "magnitude", "--data", TinyModel.TextPath, "--max-windows", "2"),
            "perplexity of the dense model", "is NaN");

    [Theory]
    [InlineData("none", "0")]
    [InlineData("magnitude", "0")]
    [InlineData("none", "2")]
    [InlineData("wanda", "0")]
    public void Learn_MakesNoMask(string prior, string scores)
    {
        Refuses(
            Run("learn", Huge, "--data", TinyModel.TextPath, "--prior", prior, "--score-strength", scores, "--steps", "1", "--batch-size",
                "2", "--seq-len", "16", "--out", Out),
            "NaN");
        Assert.False(File.Exists(Path.Combine(Out, "mask.npz")));
    }

    [Fact]
    public void Learn_RateThatOverflowsInTheLastStep_MakesNoMask()
    {
        Refuses(
            Run("learn", TinyModel.Folder, "--data", TinyModel.TextPath, "--prior", "magnitude", "--score-strength", "0", "--steps", "1",
                "--batch-size", "2", "--seq-len", "16",
                "--learning-rate", "3e38", "--recipe", "maskllm", "--kappa", "1:1", "--out", Out),
            "NaN or infinite");
        Assert.False(File.Exists(Path.Combine(Out, "mask.npz")));
    }

    [Fact]
    public void Experiment_MakesNoTable() => Refuses(
        Run("experiment", "compare", Huge, "--data", TinyModel.TextPath, "--eval-text", TinyModel.TextPath, "--prior", "none", "--steps",
            "1", "--batch-size", "2", "--seq-len", "16", "--out", Out),
        "perplexity of the model on text is NaN");

    [Fact]
    public void Bench_TimesNothing()
    {
        string mask = MaskThatPrunesTheLast(), model = new BrokenModel(_folder.File("large"))
            .WithLastValue("model.layers.1.mlp.down_proj.weight", 0x7F00).Folder;
        string file = _folder.File("model.maskllm");
        CommandRun.Of("export", model, "--mask", mask, "--out", file).AssertSuccess();
        // Shorter than those of the command line, which the tiny model has no positions for.
        RuntimeBenchmarkOptions options = new() { Model = file, Repeats = 1, Threads = 1, Sequences = [1], Prompts = [8], Context = 8 };
        string message = Assert.Throws<InvalidDataException>(() =>
            RuntimeBenchmark.Run(options, stop: TestContext.Current.CancellationToken)).Message;
        Assert.StartsWith("the model's logits for position 7 are NaN or infinite", message, StringComparison.Ordinal);
    }

    [Fact]
    public void BenchLearn_TimesNothing() =>
        Refuses(Run("bench", "learn", Huge, "--batch-size", "1", "--seq-len", "16", "--repeats", "1"), "is NaN at step 0");

    [Fact]
    public void Apply_NaNUnderAMask_IsRefusedWhetherKeptOrNot()
    {
        string model = new BrokenModel(_folder.File("nan")).WithLastValue(Projection, NaN).Folder;
        Refuses(Run("apply", model, "--mask", MaskThatPrunesTheLast(), "--out", Out), Projection, "NaN or infinite");
        Assert.False(Directory.Exists(Out));
    }

    [Theory]
    [InlineData("model.norm.weight", NaN)]
    [InlineData("model.embed_tokens.weight", 0xFF80)]
    [InlineData("model.layers.1.mlp.down_proj.weight", 0x7F80)]
    public void Apply_NotFiniteWhereNoMaskIs_IsRefusedToo(string tensor, ushort bits)
    {
        string model = new BrokenModel(_folder.File("nan")).WithLastValue(tensor, bits).Folder;
        Refuses(Run("apply", model, "--mask", MaskThatPrunesTheLast(), "--out", Out), tensor, "NaN or infinite");
        Assert.False(Directory.Exists(Out));
    }

    [Fact]
    public void Inspect_NaN_IsNoKeptWeight()
    {
        string model = new BrokenModel(_folder.File("nan")).WithLastValue(Projection, NaN).Folder;
        Refuses(Run("inspect", model), Projection, "NaN or infinite");
        Refuses(Run("inspect", Path.Combine(model, "model.safetensors")), Projection, "NaN or infinite");
    }

    [Theory]
    [InlineData("runtime", "bfloat16")]
    [InlineData("gguf", "bf16")]
    [InlineData("gguf", "f16")]
    [InlineData("gguf", "q8_0")]
    [InlineData("gguf", "q4_0")]
    public void Export_TooLargeForTheType_IsRefused(string format, string type)
    {
        string model = new BrokenModel(_folder.File("wide")).WithWideLastValue(Projection, 3.4e38f).Folder;
        Refuses(Run("export", model, "--format", format, "--type", type, "--out", Out), Projection, "3.4E+38", "wider type|--type float32");
        Assert.False(File.Exists(Out));
    }

    [Theory]
    [InlineData("runtime", "float32")]
    [InlineData("runtime", "int8")]
    [InlineData("gguf", "f32")]
    public void Export_NaN_NamesTheTensor(string format, string type)
    {
        string model = new BrokenModel(_folder.File("nan")).WithLastValue(Projection, NaN).Folder;
        Refuses(Run("export", model, "--format", format, "--type", type, "--out", Out), Projection, "NaN or infinite");
        Assert.False(File.Exists(Out));
    }

    public void Dispose() => _folder.Dispose();

    private static CommandRun Run(params string[] arguments) => CommandRun.Of(
        arguments[0] is "apply" or "inspect" or "export" ? arguments : [.. arguments, "--threads", "1"]);

    private static void Refuses(CommandRun run, params string[] expected)
    {
        Assert.True(run.ExitCode == BadInput, $"exit code {run.ExitCode}: {run.Output}{run.Error}");
        Assert.All(expected, part =>
            Assert.True(part.Split('|').Any(one => run.LastLine.Contains(one, StringComparison.Ordinal)), $"{part}: {run.LastLine}"));
        Assert.DoesNotContain("Exception", run.Error, StringComparison.Ordinal);
    }

    private string MaskThatPrunesTheLast()
    {
        (int rows, int columns) = CheckpointConfig.LinearShapes(TinyModel.Folder)[Projection];
        byte[] kept = new byte[rows * columns];
        for (int i = 0; i < kept.Length; i++) kept[i] = (byte)(i % 4 < 2 ? 1 : 0);
        string path = _folder.File("mask.npz");
        MaskNpz.Write(path, new Dictionary<string, Mask> { [Projection] = Mask.FromBytes(rows, columns, kept) });
        return path;
    }
}
