using System.Text.Json;
using MaskLlm.Evaluation;
using MaskLlm.Machine;
using MaskLlm.Measures;
using MaskLlm.Models;
using MaskLlm.Tests.Machine;
using MaskLlm.Tests.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace MaskLlm.Tests.Evaluation;

[Collection(TorchTests.Name)]
public sealed class PerplexityTests
{
    private const int Vocabulary = 128, Positions = 64;
    private static readonly string Tiny = Fixture.PathOf("models/llama-gqa-tied");

    // The text with the fewest tokens; a loop over the program met all the other rows.
    [Fact]
    public void Run_TrainedModelDenseAndMasked_GivesTheRecordedPerplexities()
    {
        if (Fixture.Shared("fixtures") is not { } fixtures)
        {
            Assert.Skip("no shared fixtures on this machine");
            return;
        }
        const string Text = "domains/man-spanish.test.txt.gz", Mask = "masks/sparsegpt_no_update.npz";
        string folder = Path.Combine(fixtures, "trained/small");
        using JsonDocument recorded = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(fixtures, "perplexity.json")));
        JsonElement Row(string? mask) => recorded.RootElement.EnumerateArray().Single(
            row => row.GetProperty("model").GetString() == "small" && row.GetProperty("text").GetString() == Text && row.GetProperty("mask")
                .GetString() == mask);

        EvaluationReport report = MaskEvaluation.Run(
            new EvaluationRequest
            {
                Model = folder,
                Data = Path.Combine(Fixture.Shared("data")!, Text),
                Masks = [Path.Combine(folder, Mask)],
                SequenceLength = Row(null).GetProperty("seq_len").GetInt32(),
                MaxWindows = Row(null).GetProperty("max_windows").GetInt32(),
            },
            cancellation: TestContext.Current.CancellationToken);

        AssertIs(Row(null), report.Rows[0]);
        AssertIs(Row(Mask), report.Rows[1]);
    }

    [Theory]
    [InlineData(50, 16, null, 3, 2)]
    [InlineData(48, 16, null, 3, 0)]
    [InlineData(16, 16, null, 1, 0)]
    [InlineData(50, 16, 2, 2, 2)]
    [InlineData(50, 16, 9, 3, 2)]
    [InlineData(130, 64, null, 2, 2)]
    [InlineData(5, 2, null, 2, 1)]
    public void Evaluate_TextOfManyWindows_IsTheMeanOverThemWithoutTheTail(int tokens, int length, int? maxWindows, int windows, int tail)
    {
        using DisposeScope scope = NewDisposeScope();
        using Decoder model = Checkpoint.Load(Tiny);
        int[] ids = Ids(tokens);

        PerplexityResult result = Perplexity.Evaluate(model, ids, length, maxWindows, cancellation: TestContext.Current.CancellationToken);

        Assert.Equal((tokens, windows, tail), (result.Tokens, result.Windows, result.TailTokens));
        Assert.Equal(Math.Exp(MeanLoss(model, ids, length, windows)), result.Perplexity, 1e-5 * result.Perplexity);
    }

    [Theory]
    [InlineData(50, 1, null, "`SequenceLength` is 1")]
    [InlineData(50, 0, null, "`SequenceLength` is 0")]
    [InlineData(100, Positions + 1, null, "`SequenceLength` is 65; the model has 64 positions")]
    [InlineData(15, 16, null, "the text has 15 tokens; one window of 16")]
    [InlineData(0, 16, null, "the text has 0 tokens")]
    [InlineData(50, 16, 0, "`MaxWindows` is 0")]
    [InlineData(50, 16, -1, "`MaxWindows` is -1")]
    public void Evaluate_WindowThatFitsNot_IsRefused(int tokens, int length, int? maxWindows, string expected)
    {
        using Decoder model = Checkpoint.Load(Tiny);
        string message = Assert.Throws<ArgumentException>(() =>
            Perplexity.Evaluate(model, Ids(tokens), length, maxWindows, cancellation: TestContext.Current.CancellationToken)).Message;
        Assert.Contains(expected, message, StringComparison.Ordinal);
    }

    [Fact]
    public void Evaluate_Progress_CountsToTheWindows()
    {
        using Decoder model = Checkpoint.Load(Tiny);
        ToldProgress told = new();
        Perplexity.Evaluate(model, Ids(50), 16, progress: told, cancellation: TestContext.Current.CancellationToken);
        Assert.Equal(new Progress("evaluating the model", 3, 3), told.All[^1]);
    }

    [Fact]
    public void Evaluate_Cancelled_Stops()
    {
        using Decoder model = Checkpoint.Load(Tiny);
        Assert.Throws<OperationCanceledException>(() =>
            Perplexity.Evaluate(model, Ids(50), 16, cancellation: new CancellationToken(canceled: true)));
    }

    private static void AssertIs(JsonElement recorded, EvaluationRow row)
    {
        double expected = recorded.GetProperty("perplexity").GetDouble();
        Assert.Equal(expected, row.Result!.Perplexity, 1e-4 * expected);
        Assert.Equal(recorded.GetProperty("tokens").GetInt64(), row.Result!.Tokens);
        Assert.Equal(recorded.GetProperty("windows").GetInt32(), row.Result!.Windows);
    }

    private static int[] Ids(int count) => [.. Enumerable.Range(0, count).Select(i => i * i * 7 % Vocabulary)];

    private static double MeanLoss(Decoder model, int[] ids, int length, int windows) => Enumerable.Range(0, windows).Average(window =>
    {
        (Tensor inputs, Tensor targets) = TokenBatch.Split(ids.AsSpan(window * length, length), 1, CPU);
        return (double)DecoderLoss.Of(model, inputs, targets).item<float>();
    });
}
