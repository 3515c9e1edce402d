using System.Text.Json.Nodes;
using MaskLlm.Architectures;
using MaskLlm.Evaluation;
using MaskLlm.Measures;
using MaskLlm.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace MaskLlm.Tests.Evaluation;

/// <summary>Every figure that evaluation and sensitivity report.</summary>
[Collection(TorchTests.Name)]
public sealed class EvaluationReportsTests
{
    private static readonly PerplexityResult Dense = new(10, 1000, 7, 6, 1.5);

    [Fact]
    public void Of_SumOverWindows_IsTheMeanOverPredictedTokens()
    {
        // 3 windows of 16: 45 predictions of 50 tokens, 2 in the tail.
        PerplexityResult result = PerplexityResult.Of("T", 90, 50, 16, 3, 0.25);
        Assert.Equal(new PerplexityResult(Math.Exp(2), 50, 3, 2, 0.25), result);
        Assert.Equal(0, PerplexityResult.Of("T", 90, 48, 16, 3, 0).TailTokens);
    }

    /// <summary>Held-out windows count as those of a text do: all tokens of a window but the first are predicted.</summary>
    [Theory]
    [InlineData(16, 3)]
    [InlineData(2, 5)]
    [InlineData(64, 1)]
    public void OfWindows_WindowsOfAText_IsThePerplexityOfTheText(int length, int windows)
    {
        using DisposeScope scope = NewDisposeScope();
        using Decoder model = Checkpoint.Load(Fixture.PathOf("models/llama-gqa-tied"));
        int[] ids = [.. Enumerable.Range(0, length * windows).Select(i => i * i * 7 % 128)];
        double expected = Perplexity.Evaluate(model, ids, length, cancellation: TestContext.Current.CancellationToken).Perplexity;
        Assert.Equal(expected, Perplexity.OfWindows(model, [.. ids.Chunk(length)], cancellation: TestContext.Current.CancellationToken),
            1e-9 * expected);
    }

    [Fact]
    public void WindowOf_NothingAsked_IsThePositionsUpTo2048()
    {
        DecoderConfig config = CheckpointConfig.Read(Fixture.PathOf("models/llama-gqa-tied"));
        Assert.Equal(64, PerplexityWindows.Length(config, null));
        Assert.Equal(2048, PerplexityWindows.Length(config with { MaxPositions = 100_000 }, null));
        Assert.Equal(2047, PerplexityWindows.Length(config with { MaxPositions = 2047 }, null));
        Assert.Equal(5000, PerplexityWindows.Length(config with { MaxPositions = 100_000 }, 5000));
    }

    [Fact]
    public void Evaluation_ToJson_HasEveryFigureAndNullForWhatIsNotFinite() => Assert.Equal(
        Json("""
        {"model":"M","data":"T","seq_len":16,"arithmetic":"float32","rows":[{"mask":null,"perplexity":10,"tokens":1000,"windows":7,"tail_tokens":6,"seconds":1.5},
        {"mask":"m.npz","perplexity":null,"tokens":1000,"windows":7,"tail_tokens":6,"seconds":2}]}
        """),
        new EvaluationReport("M", "T", 16,
            [new EvaluationRow(null, Dense), new EvaluationRow("m.npz", Dense with { Perplexity = double.NaN, Seconds = 2 })]).ToJson()
            .ToJsonString());

    [Fact]
    public void Sensitivity_ToJson_HasEveryFigure()
    {
        SensitivityReport report = Report(
            new SkipSuggestion(["model.layers.1"], ["model.layers.1.*"], 0.5, 0.5) { MeasuredRise = 0.25 },
                new SkipSuggestion(["q_proj"], ["*.q_proj.weight"], 0.75, 0.125));
        Assert.Equal(1, (report with { Whole = Dense with { Perplexity = 10 * Math.E } }).Rise, 1e-12);
        Assert.Equal(
            Json("""
            {"model":"M","data":"T","mask":"m.npz","seq_len":16,"windows":7,"dense_perplexity":10,"masked_perplexity":10,"increase":0,
            "blocks":[{"part":"model.layers.1","skip":"model.layers.1.*","weights":400,"perplexity":20,"increase":0.5}],
            "kinds":[{"part":"q_proj","skip":"*.q_proj.weight","weights":100,"perplexity":null,"increase":null}],"max_loss":0.75,
            "skip_blocks":{"parts":["model.layers.1"],"skip":["model.layers.1.*"],"estimated_increase":0.5,"measured_increase":0.25,"dense_share":0.5},
            "skip_kinds":{"parts":["q_proj"],"skip":["*.q_proj.weight"],"estimated_increase":0.75,"measured_increase":null,"dense_share":0.125},"skip":["*.q_proj.weight"]}
            """),
            report.ToJson().ToJsonString());
    }

    [Fact]
    public void Suggestion_OfTwo_LeavesFewerWeightsDenseAndOfEqualOnesIsByBlocks()
    {
        SkipSuggestion half = new(["b"], ["b"], 0, 0.5), quarter = new(["k"], ["k"], 0, 0.25), alsoHalf = new(["k"], ["k"], 0, 0.5);
        Assert.Same(quarter, Report(half, quarter).Suggestion);
        Assert.Same(quarter, Report(quarter, half).Suggestion);
        Assert.Same(half, Report(half, alsoHalf).Suggestion);
        Assert.Same(half, Report(half, null).Suggestion);
        Assert.Same(quarter, Report(null, quarter).Suggestion);
        Assert.Null(Report(null, null).Suggestion);
        Assert.Null(Report(null, null).ToJson()["skip"]);
    }

    private static SensitivityReport Report(SkipSuggestion? blocks, SkipSuggestion? kinds) => new(
        "M", "T", "m.npz", 16, Dense, Dense, [new("model.layers.1", "model.layers.1.*", 400, 20, 0.5)],
        [new("q_proj", "*.q_proj.weight", 100, double.PositiveInfinity, double.PositiveInfinity)],
        0.75, blocks, kinds);

    // Without the white space.
    private static string Json(string text) => JsonNode.Parse(text)!.ToJsonString();
}
