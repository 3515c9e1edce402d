using MaskLlm.Evaluation;
using MaskLlm.Masks;
using MaskLlm.Patterns;

namespace MaskLlm.Tests.Evaluation;

public sealed class SparsityReportTests
{
    private static readonly Mask TwoOfFour = Mask.FromBytes(2, 4, [1, 1, 0, 0, 0, 1, 1, 0]);
    private static readonly Mask OneOfFour = Mask.FromBytes(1, 8, [1, 0, 0, 0, 0, 0, 0, 1]);

    [Fact]
    public void Of_OnePattern_IsThePatternOfAll()
    {
        SparsityReport report = SparsityReport.Of(Weights(("a", OneOfFour), ("b", OneOfFour)));
        Assert.Equal(new NmPattern(1, 4), report.Pattern);
        Assert.Equal(0.25, report.Density);
        Assert.All(report.Tensors, tensor =>
            Assert.Equal((new NmPattern(1, 4), 0.25, 0L), (tensor.Pattern, tensor.Density, tensor.Violations)));
        Assert.Null(report.Agreement);
    }

    [Fact]
    public void Of_SeveralPatterns_JudgesTwoOfFour()
    {
        Mask odd = Mask.FromBytes(2, 6, [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]);
        SparsityReport report = SparsityReport.Of(Weights(("a", TwoOfFour), ("b", OneOfFour), ("c", odd)));
        Assert.Null(report.Pattern);
        Assert.Equal((4 + 2 + 12) / 28.0, report.Density);
        Assert.Equal([0L, 2, 4], report.Tensors.Select(tensor => tensor.Violations));
        Assert.Equal([NmPattern.TwoOfFour, new NmPattern(1, 4), null], report.Tensors.Select(tensor => tensor.Pattern));
    }

    [Fact]
    public void Of_Against_ComparesWhatBothHave()
    {
        Mask other = Mask.FromBytes(2, 4, [1, 1, 0, 0, 0, 0, 1, 1]);
        SparsityReport report = SparsityReport.Of(Weights(("a", TwoOfFour), ("b", TwoOfFour)), Weights(("c", OneOfFour), ("b", other)));
        Assert.Equal(new MaskAgreement(2, 1, 0.75), report.Agreement);
        Assert.Equal(1, report.TensorsCompared);
    }

    [Fact]
    public void Of_FlatBitsOnEitherSide_AreComparedInTheKnownShape()
    {
        KeptWeights known = Weights(("a", TwoOfFour)),
            flat = new(new Dictionary<string, Mask> { ["a"] = new(1, 8, TwoOfFour.Packed.ToArray()) }, ShapesKnown: false);
        foreach ((KeptWeights one, KeptWeights other) in new[] { (known, flat), (flat, known), (flat, flat) })
            Assert.Equal(new MaskAgreement(2, 2, 1), SparsityReport.Of(one, other).Agreement);
        Assert.Null(SparsityReport.Of(flat).Tensors[0].Shape);
        Assert.Equal((2, 4), SparsityReport.Of(known).Tensors[0].Shape);
    }

    [Fact]
    public void Of_OtherNamesOrSizes_IsRefused()
    {
        Assert.Throws<ArgumentException>(() => SparsityReport.Of(Weights()));
        Assert.Contains("no tensor is in both",
            Assert.Throws<ArgumentException>(() => SparsityReport.Of(Weights(("a", TwoOfFour)), Weights(("b", TwoOfFour)))).Message,
            StringComparison.Ordinal);
        Assert.Contains("2 x 4",
            Assert.Throws<InvalidDataException>(() => SparsityReport.Of(Weights(("a", TwoOfFour)), Weights(("a", OneOfFour)))).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void ToJson_WithAgreement_HasTheDocumentedNames()
    {
        KeptWeights weights = Weights(("a", TwoOfFour));
        Assert.Equal(
            """{"pattern":"2:4","density":0.5,"tensors":[{"name":"a","shape":[2,4],"pattern":"2:4","density":0.5,"violations":0}],"agreement":{"groups":2,"equal_groups":2,"equal_bits":1}}""",
            SparsityReport.Of(weights, weights).ToJson().ToJsonString());
    }

    [Fact]
    public void ToJson_NothingKnown_HasNulls()
    {
        KeptWeights weights =
            new(new Dictionary<string, Mask> { ["a"] = Mask.FromBytes(2, 8, [1, 1, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0]) },
            ShapesKnown: false);
        Assert.Equal(
            """{"pattern":null,"density":0.3125,"tensors":[{"name":"a","shape":null,"pattern":null,"density":0.3125,"violations":4}]}""",
            SparsityReport.Of(weights).ToJson().ToJsonString());
    }

    private static KeptWeights Weights(params (string Name, Mask Mask)[] masks) =>
        new(new OrderedDictionary<string, Mask>(masks.Select(pair => KeyValuePair.Create(pair.Name, pair.Mask))));
}
