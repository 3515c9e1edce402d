using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using MaskLlm.Formats.Numpy;
using MaskLlm.Tests;

namespace MaskLlm.Cli.Tests;

/// <summary>What is looked at: how much of it is there once, ids without a tokenizer, and priors of the pattern that is learned.</summary>
[Collection(TorchTests.Name)]
public sealed class CalibrationTests : IDisposable
{
    private const int BadInput = 2, Vocabulary = 300;
    private readonly TemporaryFolder _folder = new();

    private string Out => _folder.File("out");

    [Fact]
    public void Prune_ShortText_SaysHowOftenItIsReadAndRecordsTheTokens()
    {
        // 65 ids: 4 different sequences of 16, of which each takes one id more in a text.
        CommandRun run = Run("prune", TinyModel.Folder, "--method", "wanda", "--data", Ids("a.npy", 65) + ":1", "--samples", "16",
            "--seq-len", "16", "--out", Out);
        Assert.Equal(BadInput, run.ExitCode);   // one stream of ids is cut in order, and is too short
        string text = _folder.Write("short.txt", File.ReadAllBytes(TinyModel.TextPath)[..300]);
        run = Run("prune", TinyModel.Folder, "--method", "wanda", "--data", text, "--samples", "16", "--seq-len", "16", "--out", Out);
        run.AssertSuccess();
        JsonObject figures = Record()["figures"]!.AsObject();
        int different = (int)figures["different_samples"]!;
        Assert.InRange(different, 2, 12);
        Assert.Equal(16L * different, (long)figures["tokens"]!);
        Assert.Contains($"the calibration has {different} different sequences of 16 tokens, not 16, and looks at them ", run.Error,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Prune_FewerRowsThanAsked_SaysSo()
    {
        CommandRun run = Run("prune", TinyModel.Folder, "--method", "wanda", "--data", Ids("rows.npy", 3, 16), "--samples", "8", "--out",
            Out);
        run.AssertSuccess();
        Assert.Contains("the calibration has 3 different sequences of 16 tokens, not 8, and no more are looked at", run.Error,
            StringComparison.Ordinal);
        Assert.Equal(48L, (long)Record()["figures"]!["tokens"]!);
    }

    [Fact]
    public void Prune_EnoughText_SaysNothing()
    {
        CommandRun run = Run("prune", TinyModel.Folder, "--method", "wanda", "--data", TinyModel.TextPath, "--samples", "16", "--seq-len",
            "16", "--out", Out);
        run.AssertSuccess();
        Assert.DoesNotContain("calibration has", run.Error, StringComparison.Ordinal);
        Assert.Equal(256L, (long)Record()["figures"]!["tokens"]!);
    }

    [Theory]
    [InlineData("wanda", "0", true)]
    [InlineData("magnitude", "2", true)]
    [InlineData("magnitude", "0", false)]
    public void Learn_ShortText_SaysThatItsCalibrationRepeats(string prior, string scores, bool expected)
    {
        string text = _folder.Write("short.txt", File.ReadAllBytes(TinyModel.TextPath)[..600]);
        CommandRun run = Run(
            "learn", TinyModel.Folder, "--data", text, "--prior", prior, "--score-strength", scores, "--steps", "1", "--batch-size", "1",
                "--seq-len", "16", "--out", Out);
        run.AssertSuccess();
        Assert.Equal(expected, run.Error.Contains("different sequences of 16 tokens, not 64", StringComparison.Ordinal));
        Assert.Equal(expected, Record()["figures"]!["calibration_tokens"] is not null);
    }

    [Fact]
    public void Eval_FewerWindowsThanAsked_SaysSo()
    {
        CommandRun run = Run("eval", TinyModel.Folder, "--data", Ids("ids.npy", 100), "--seq-len", "32", "--max-windows", "50");
        run.AssertSuccess();
        Assert.Contains("has 3 windows of 32 tokens, not 50; all are measured", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Ids_NoTokenizer_AreTakenByEveryVerbThatNeedsNoText()
    {
        string model = WithoutTokenizer(), ids = Ids("ids.npy", 4000), rows = Ids("rows.npy", 40, 32);
        Run("prune", model, "--method", "wanda", "--data", ids, "--samples", "2", "--seq-len", "16", "--out", Out).AssertSuccess();
        Run("prune", model, "--method", "sparsegpt", "--data", ids, rows, "--samples", "2", "--seq-len", "16", "--out", _folder.File("two"))
            .AssertSuccess();
        string mask = Path.Combine(Out, "mask.npz");
        Run("eval", model, "--mask", mask, "--data", ids, "--max-windows", "1").AssertSuccess();
        Run("sensitivity", model, "--mask", mask, "--data", ids, "--max-windows", "1").AssertSuccess();
        Run("learn", model, "--data", ids, "--eval-text", rows, "--steps", "1", "--batch-size", "1", "--seq-len", "16", "--out",
            _folder.File("learn")).AssertSuccess();
        Run(
            "experiment", "alpha", model, "--data", ids, "--eval-text", rows, "--values", "1", "--samples", "2", "--steps", "1",
            "--batch-size", "1", "--seq-len", "16", "--max-windows", "1", "--out",
            _folder.File("experiment")).AssertSuccess();
    }

    [Fact]
    public void Text_NoTokenizer_IsRefusedWithAndWithoutIdsBesideIt()
    {
        string model = WithoutTokenizer();
        Refuses(Run("learn", model, "--data", Ids("ids.npy", 400), TinyModel.TextPath, "--steps", "1", "--seq-len", "16", "--out", Out),
            "no tokenizer.json");
        Refuses(Run("prune", model, "--method", "wanda", "--data", TinyModel.TextPath, "--out", Out), "no tokenizer.json");
    }

    [Theory]
    [InlineData("prune --method wanda --samples 2")]
    [InlineData("learn --steps 1 --batch-size 1")]
    [InlineData("eval")]
    [InlineData("sensitivity --mask magnitude")]
    public void Ids_BeyondTheVocabulary_AreOneSentence(string verb)
    {
        string path = Ids("beyond.npy", 400, last: Vocabulary);
        string[] words = verb.Split(' ');
        string[] more = words[0] is "eval" or "sensitivity" ? [] : ["--out", Out];
        Refuses(Run([words[0], WithoutTokenizer(), .. words[1..], "--data", path, "--seq-len", "16", .. more]), "id 300 at position 399",
            "0 to 299");
    }

    [Fact]
    public void Prior_OfAnotherPattern_IsRefusedWhereverAMaskMeetsAPattern()
    {
        string prune = _folder.File("prune"), mask = Path.Combine(prune, "mask.npz"), learn = _folder.File("learn");
        CommandRun.Of("prune", TinyModel.Folder, "--method", "magnitude", "--pattern", "1:4", "--out", prune, "--threads", "1")
            .AssertSuccess();
        string[] on = ["--data", TinyModel.TextPath, "--steps", "1", "--batch-size", "1", "--seq-len", "16"];
        Refuses(Run(["learn", TinyModel.Folder, .. on, "--prior", mask, "--out", learn]), mask, "is 1:4, and --pattern is 2:4");
        Refuses(Run(["learn", TinyModel.Folder, .. on, "--prior", mask, "--train-weights", "only", "--out", learn]), mask,
            "is 1:4, and --pattern is 2:4");
        Refuses(Run(["learn", TinyModel.Folder, .. on, "--prior", mask, "--parametrization", "items", "--pattern", "3:8", "--out", learn]),
            "--pattern is 3:8");
        Refuses(Run(["experiment", "alpha", TinyModel.Folder, .. on, "--prior", mask, "--eval-text", TinyModel.TextPath, "--out", Out]),
            mask, "is 1:4, and --pattern is 2:4");
        Refuses(Run("sensitivity", TinyModel.Folder, "--mask", mask, "--pattern", "2:4", "--data", TinyModel.TextPath),
            "--pattern 2:4 belongs to --mask magnitude");
        Refuses(CommandRun.Of("export", TinyModel.Folder, "--mask", mask, "--out", Out), "not 2:4");
        Run(["learn", TinyModel.Folder, .. on, "--prior", mask, "--pattern", "1:4", "--out", learn]).AssertSuccess();
    }

    [Fact]
    public void Prior_OfFewerLayers_IsNotSetBesideWhatIsLearned()
    {
        string prune = _folder.File("prune"), mask = Path.Combine(prune, "mask.npz");
        CommandRun.Of("prune", TinyModel.Folder, "--method", "magnitude", "--skip", "*.q_proj.weight", "--out", prune, "--threads", "1")
            .AssertSuccess();
        CommandRun run = Run("learn", TinyModel.Folder, "--data", TinyModel.TextPath, "--prior", mask, "--steps", "1", "--batch-size", "1",
            "--seq-len", "16", "--out", Out);
        run.AssertSuccess();
        Assert.Contains("has no mask of 2 of the 14 learned layers", run.Error, StringComparison.Ordinal);
        JsonObject perplexity = Record()["figures"]!["perplexity"]!.AsObject();
        Assert.Null(perplexity["prior"]);
        Assert.NotNull(perplexity["learned"]);
    }

    public void Dispose() => _folder.Dispose();

    private static CommandRun Run(params string[] arguments) => CommandRun.Of([.. arguments, "--threads", "1"]);

    private static void Refuses(CommandRun run, params string[] expected)
    {
        Assert.True(run.ExitCode == BadInput, $"exit code {run.ExitCode}: {run.Output}{run.Error}");
        Assert.All(expected, part => Assert.Contains(part, run.LastLine, StringComparison.Ordinal));
    }

    private JsonObject Record() => JsonNode.Parse(File.ReadAllText(Path.Combine(Out, "run.json")))!.AsObject();

    private string WithoutTokenizer()
    {
        string folder = TinyModel.CopyTo(_folder.File("bare"));
        File.Delete(Path.Combine(folder, "tokenizer.json"));
        return folder;
    }

    private string Ids(string name, int count, int? columns = null, int? last = null)
    {
        Random random = new(1);
        int[] ids = [.. Enumerable.Range(0, count * (columns ?? 1)).Select(_ => random.Next(Vocabulary))];
        ids[^1] = last ?? ids[^1];
        long[] shape = columns is { } width ? [count, width] : [count];
        return _folder.Write(name, [.. NpyHeader.Format(NpyType.Int32, shape), .. MemoryMarshal.AsBytes(ids.AsSpan())]);
    }
}
