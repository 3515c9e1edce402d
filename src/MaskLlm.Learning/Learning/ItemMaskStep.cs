using MaskLlm.MaskKernels;
using MaskLlm.Models;
using MaskLlm.Patterns;
using MaskLlm.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace MaskLlm.Learning;

/// <summary>Mask learning with logits of items, by tensor operations on any device; autograd goes through the draws.</summary>
internal sealed class ItemMaskStep(NmPattern pattern) : IMaskStep
{
    // The gradient by the logits of each layer, between norm and update.
    private readonly LayerTensors _gradients = new();

    public string Name => "items";

    public bool SkipsUnreachedTiles => false;

    public (double Largest, double Kept) Sample(LearnedLayer layer, MaskSample sample, Tensor masked)
    {
        using IDisposable noGradient = no_grad();
        using DisposeScope scope = NewDisposeScope();
        Tensor scores = Scores(layer.Logits.Logits, sample), soft = ItemMask.Relaxed(scores, pattern.Kept, sample.Tau);
        Tensor product = Used(scores, soft, sample, masked).mul_(layer.Weight);
        masked.copy_(product);
        // As of candidates, 1 where the mask is certain: the least sure of those that are kept.
        Tensor surest = soft.topk(pattern.Kept, 0).values.amin([0]);
        return (surest.sum(ScalarType.Float64).item<double>(), product.Squared().sum(ScalarType.Float64).item<double>());
    }

    public void Mask(LearnedLayer layer, MaskSample sample, Tensor mask)
    {
        using IDisposable noGradient = no_grad();
        using DisposeScope scope = NewDisposeScope();
        Tensor scores = Scores(layer.Logits.Logits, sample);
        mask.copy_(Used(scores, ItemMask.Relaxed(scores, pattern.Kept, sample.Tau), sample, mask));
    }

    public double SquaredNorm(LearnedLayer layer, MaskSample sample, Tensor gradient)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor leaf = layer.Logits.Logits.detach().requires_grad_();
        Tensor scores = Scores(leaf, sample), soft = ItemMask.Relaxed(scores, pattern.Kept, sample.Tau);
        using (no_grad())
        {
            Tensor used = Used(scores.detach(), soft.detach(), sample, gradient);
            Tensor byMask = gradient.Plus(used.mul_(layer.Weight), -2 * sample.Reward).mul_(layer.Weight);
            soft.backward([CandidateTensor.ToGroups(byMask, pattern)]);
        }
        using IDisposable noGradient = no_grad();
        Tensor byLogits = _gradients.Keep(layer, leaf.grad!);
        layer.ClearUnreached(byLogits);
        return byLogits.Squared().sum(ScalarType.Float64).item<double>();
    }

    public void Update(LearnedLayer layer, MaskSample sample, Tensor gradient, double clip, AdamWRates rates)
    {
        using IDisposable noGradient = no_grad();
        using Tensor owned = _gradients.Take(layer);
        layer.Logits.Moments.UpdatePlain(layer.Logits.Logits, owned.TimesInPlace(clip), rates);
    }

    public void Dispose() => _gradients.Dispose();

    // kappa p + g, (M, G), or without noise kappa p.
    private static Tensor Scores(Tensor logits, MaskSample sample)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor scaled = logits.Times(sample.Kappa);
        return (sample.Noisy ? scaled.Plus(MaskNoise.Gumbel(sample, logits)) : scaled).MoveToOuterDisposeScope();
    }

    // What the layer multiplies by, in the weight's layout.
    private Tensor Used(Tensor scores, Tensor soft, MaskSample sample, Tensor like) =>
        CandidateTensor.FromGroups(sample.Hard ? ItemMask.Largest(scores, pattern.Kept) : soft, like.size(0), like.size(1)).clone();
}
