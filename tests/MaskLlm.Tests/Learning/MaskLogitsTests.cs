using MaskLlm.Architectures;
using MaskLlm.Learning;
using MaskLlm.Masks;
using MaskLlm.Models;
using MaskLlm.Patterns;
using MaskLlm.Priors;
using TorchSharp;
using static TorchSharp.torch;

namespace MaskLlm.Tests.Learning;

/// <summary>First logits and masks of a layer of more than one stretch of rows are those of all rows at once.</summary>
[Collection(TorchTests.Name)]
public sealed class MaskLogitsTests
{
    private const int Rows = 1030, Columns = 4100;

    [Theory]
    [InlineData(Parametrization.Candidates, 1)]
    [InlineData(Parametrization.Candidates, 2)]
    [InlineData(Parametrization.Items, 1)]
    public void Create_WideLayer_IsTheFormulaOfTheWhole(Parametrization parametrization, int parts)
    {
        using DisposeScope scope = NewDisposeScope();
        Assert.Equal([(0, 1016), (1016, 14)], RowStretches.Of(Rows, Columns));
        random.manual_seed(3);
        Tensor weight = randn(Rows, Columns), squares = rand(parts == 1 ? [Columns] : [parts, Columns]);
        LinearLayer layer = new(new LinearTensor("w", Rows, Columns, false, null) { Parts = parts }, weight, bias: null);
        Mask prior = Magnitude.Prune(randn(Rows, Columns), NmPattern.TwoOfFour);
        LearnOptions options = new()
        {
            Parametrization = parametrization,
            ExactPrior = true,
            InitialStd = 0.5,
            PriorStrength = 3,
            ScoreStrength = 2
        };
        using CandidateTensor table = new(NmPattern.TwoOfFour, CPU);
        bool isOfItems = parametrization == Parametrization.Items;

        using MaskLogits logits = MaskLogits.Create(layer, 0, isOfItems ? null : table, options, prior, squares);

        Tensor expected = zeros(logits.Logits.shape);
        Shift(MaskTensors.ToTensor(prior, CPU), 1.5);
        Shift(ActivationScores.OfRow("w", weight, layer.ByRow(squares)), 1);
        // Products of a part of the groups may round otherwise.
        Assert.InRange((expected - logits.Logits).abs().max().item<float>(), 0, 1e-5);
        Tensor kept = isOfItems ? ItemMask.Largest(expected, 2) : table.Candidates.index_select(0, expected.argmax(0)).t();
        Mask mask = MaskTensors.FromTensor(CandidateTensor.FromGroups(kept, Rows, Columns));
        Assert.True(mask.Packed.SequenceEqual(logits.ArgmaxMask().Packed));

        void Shift(Tensor items, double by)
        {
            Tensor groups = CandidateTensor.ToGroups(items, NmPattern.TwoOfFour);
            if (isOfItems) Prior.ShiftItems(expected, groups, by);
            else Prior.Shift(expected, groups, table, by);
        }
    }
}
