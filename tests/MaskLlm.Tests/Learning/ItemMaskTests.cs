using MaskLlm.Learning;
using MaskLlm.MaskKernels;
using MaskLlm.Masks;
using MaskLlm.Models;
using MaskLlm.Patterns;
using MaskLlm.Priors;
using TorchSharp;
using static TorchSharp.torch;

namespace MaskLlm.Tests.Learning;

[Collection(TorchTests.Name)]
public class ItemMaskTests
{
    [Theory]
    [InlineData(2, 4)]
    [InlineData(4, 8)]
    [InlineData(16, 32)]
    public void Relaxed_AnyTemperature_KeepsNInEveryGroup(int kept, int size)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor scores = randn(size, 50);
        foreach (double tau in new[] { 4.0, 1, 0.05 })
            Assert.True((ItemMask.Relaxed(scores, kept, tau).sum([0]) - kept).abs().max().item<float>() < 1e-4);
    }

    /// <summary>The same by counting: over all masks of a group, the softmax of the sums of their items.</summary>
    [Theory]
    [InlineData(1, 4)]
    [InlineData(2, 4)]
    [InlineData(3, 4)]
    [InlineData(4, 8)]
    public void Relaxed_AnyScores_IsTheShareOfTheMasksWithEachItem(int kept, int size)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor scores = randn(size, 60) * 3;
        CandidateTensor table = new(new NmPattern(kept, size), CPU);
        foreach (double tau in new[] { 4.0, 1, 0.3, 0.05 })
        {
            Tensor counted = table.Candidates.t().matmul(table.Candidates.matmul(scores / tau).softmax(0));

            Assert.True((ItemMask.Relaxed(scores, kept, tau) - counted).abs().max().item<float>() < 2e-5);
        }
    }

    [Fact]
    public void Relaxed_ColdAndFarApart_IsTheLargest()
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor scores = stack([.. Enumerable.Range(0, 40).Select(_ => randperm(8, ScalarType.Float32))], 1);

        Assert.True((ItemMask.Relaxed(scores * 30, 3, 0.02) - ItemMask.Largest(scores, 3)).abs().max().item<float>() < 1e-4);
        Assert.True((ItemMask.Relaxed(scores, 3, 0.02) - ItemMask.Largest(scores, 3)).abs().max().item<float>() < 1e-3);
    }

    [Theory]
    [InlineData(2, 4)]
    [InlineData(8, 16)]
    public void Largest_WithTies_IsWhatPrunersKeep(int kept, int size)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor scores = randint(0, 4, [6, 2 * size], dtype: ScalarType.Float32);
        NmPattern pattern = new(kept, size);

        Mask mask = MaskTensors.FromTensor(CandidateTensor.FromGroups(ItemMask.Largest(CandidateTensor.ToGroups(scores, pattern), kept), 6,
            2 * size));

        Assert.Equal(LargestOfGroup.Keep("w", scores, pattern).Packed.ToArray(), mask.Packed.ToArray());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void SquaredNormAndUpdate_OneLayer_FollowTheNumericGradient(bool hard)
    {
        using DisposeScope scope = NewDisposeScope();
        using Decoder model = Checkpoint.Load(Fixture.PathOf("models/llama-gqa-tied"));
        LearnOptions options = new() { Parametrization = Parametrization.Items, InitialStd = 1 };
        using LearnedLayer layer = new(model.Linears[1], 1, ScalarType.Float32,
            MaskLogits.Create(model.Linears[1], 1, null, options, null));
        using ItemMaskStep step = new(NmPattern.TwoOfFour);
        MaskSample sample = new(3, 5, 1, 1, 0.8f, 0.01f, hard);
        Tensor gradient = randn_like(layer.Dense), masked = empty_like(layer.Dense);
        // The loss whose gradient by W * mask is the given one, less the reward; the hard mask has the gradient of the soft one at the hard
        // point.
        step.Sample(layer, sample, masked);
        Tensor point = masked.clone();
        double Loss()
        {
            step.Sample(layer, sample with { Hard = false }, masked);
            return ((gradient - 0.02f * point) * masked).sum(ScalarType.Float64).item<double>();
        }
        double expected = 0;
        Tensor logits = layer.Logits.Logits;
        for (int item = 0; item < 4; item++)
            for (int group = 0; group < logits.size(1); group++)
            {
                float at = logits[item, group].item<float>();
                logits[item, group] = at + 1e-2f;
                double up = Loss();
                logits[item, group] = at - 1e-2f;
                expected += Math.Pow((up - Loss()) / 2e-2, 2);
                logits[item, group] = at;
            }

        Assert.Equal(1, step.SquaredNorm(layer, sample, gradient) / expected, 0.02);
    }
}
