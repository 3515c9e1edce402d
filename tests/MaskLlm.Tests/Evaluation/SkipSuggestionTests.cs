using MaskLlm.Evaluation;
using MaskLlm.Measures;

namespace MaskLlm.Tests.Evaluation;

public sealed class SkipSuggestionTests
{
    [Theory]
    [InlineData(0.9, 0.6, "b", 0.4)]
    [InlineData(0.9, 0.4, "b", 0.4)]
    [InlineData(0.9, 0.2, "b,c", 0.1)]
    [InlineData(0.9, 1, "", 0.9)]
    [InlineData(0.9, 0.9, "", 0.9)]
    [InlineData(0.9, 0, "b,c,a", 0)]
    public void Of_IncreasesThatAddUp_SkipsTheMostSensitiveFirst(double rise, double maxLoss, string expected, double estimate)
    {
        SkipSuggestion suggestion = SkipSuggestion.Of(Rows(0.1, 0.5, 0.3, -0.2), ["x"], rise, maxLoss)!;

        Assert.Equal(expected, string.Join(',', suggestion.Parts));
        Assert.Equal(["x", .. suggestion.Parts.Select(part => $"*.{part}.weight")], suggestion.Skip);
        Assert.Equal(estimate, suggestion.EstimatedRise, 1e-12);
        Assert.Equal(suggestion.Parts.Count / 4.0, suggestion.DenseShare);
    }

    [Fact]
    public void Of_IncreasesThatDoNotAddUp_AreScaledUpAndNeverDown()
    {
        SkipSuggestion suggestion = SkipSuggestion.Of(Rows(0.1, 0.3), [], 2, 0.6)!;
        Assert.Equal(["b"], suggestion.Parts);
        Assert.Equal(0.5, suggestion.EstimatedRise, 1e-12);
        SkipSuggestion less = SkipSuggestion.Of(Rows(0.1, 0.3, 0.2), [], 0.35, 0.31)!;
        Assert.Equal(["b"], less.Parts);
        Assert.Equal(0.3, less.EstimatedRise, 1e-12);
    }

    /// <summary>The one that leaves fewer weights dense; of equal ones the blocks, and what there is.</summary>
    [Theory]
    [InlineData(0.5, 0.25, "kinds")]
    [InlineData(0.25, 0.5, "blocks")]
    [InlineData(0.25, 0.25, "blocks")]
    [InlineData(0.25, null, "blocks")]
    [InlineData(null, 0.25, "kinds")]
    [InlineData(null, null, null)]
    public void Suggestion_BlocksOrKinds_IsTheSparser(double? blocks, double? kinds, string? expected)
    {
        SkipSuggestion? Of(double? share, string part) => share is { } dense ? new SkipSuggestion([part], [], 0, dense) : null;
        PerplexityResult any = new(10, 1, 1, 0, 0);
        SensitivityReport report = new("m", "d", "k", 16, any, any, [], [], 0.1, Of(blocks, "blocks"), Of(kinds, "kinds"));
        Assert.Equal(expected, report.Suggestion?.Parts[0]);
    }

    [Fact]
    public void Of_NothingThatWouldDo_IsNull()
    {
        Assert.Null(SkipSuggestion.Of(Rows(0.1, 0.3), [], 0.4, 0));   // all of them
        Assert.Null(SkipSuggestion.Of(Rows(-0.1, 0), [], 0.4, 0.1));   // none to blame
        Assert.Null(SkipSuggestion.Of(Rows(0.1, double.PositiveInfinity), [], 0.4, 0.1));
        Assert.Null(SkipSuggestion.Of(Rows(0.1, 0.2), [], double.NaN, 0.1));
    }

    private static SensitivityRow[] Rows(params double[] increases) =>
        [.. increases.Select((increase, i) => new SensitivityRow($"{(char)('a' + i)}", $"*.{(char)('a' + i)}.weight", 8, 1, increase))];

    /// <summary>What is allowed may be used up whole.</summary>
    [Fact]
    public void Of_EstimateThatIsJustAllowed_IsTaken()
    {
        SkipSuggestion suggestion = SkipSuggestion.Of(Rows(0.25, 0.5), [], 0.75, 0.25)!;
        Assert.Equal(["b"], suggestion.Parts);
        Assert.Equal((0.25, 0.5), (suggestion.EstimatedRise, suggestion.DenseShare));
        Assert.True(double.IsNaN(suggestion.MeasuredRise));
    }
}
