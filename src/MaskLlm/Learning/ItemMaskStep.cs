using MaskLlm.Kernels;
using MaskLlm.Optimization;
using MaskLlm.Patterns;
using TorchSharp;
using static TorchSharp.torch;

namespace MaskLlm.Learning;

/// <summary>Mask learning with logits of items, by tensor operations on any device; autograd goes through the draws.</summary>
internal sealed class ItemMaskStep(NmPattern pattern) : IMaskStep
{
    // The gradient by the logits of each layer, between norm and update.
    private readonly Dictionary<LearnedLayer, Tensor> _gradients = [];

    public string Name => "items";

    public (double Largest, double Kept) Sample(LearnedLayer layer, MaskSample sample, Tensor masked, Tensor weight)
    {
        using IDisposable noGradient = no_grad();
        using DisposeScope scope = NewDisposeScope();
        Tensor scores = Scores(layer.Logits.Logits, sample), soft = ItemMask.Relaxed(scores, pattern.Kept, sample.Tau);
        Tensor product = ToWeight(sample.Hard ? ItemMask.Largest(scores, pattern.Kept) : soft, masked).mul_(weight);
        masked.copy_(product);
        // As of candidates, 1 where the mask is certain: the least sure of those that are kept.
        Tensor surest = soft.topk(pattern.Kept, 0).values.amin([0]);
        return (surest.sum(ScalarType.Float64).item<double>(), product.square().sum(ScalarType.Float64).item<double>());
    }

    public double SquaredNorm(LearnedLayer layer, MaskSample sample, Tensor gradient)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor leaf = layer.Logits.Logits.detach().requires_grad_();
        Tensor scores = Scores(leaf, sample), soft = ItemMask.Relaxed(scores, pattern.Kept, sample.Tau);
        using (no_grad())
        {
            Tensor used = ToWeight(sample.Hard ? ItemMask.Largest(scores.detach(), pattern.Kept) : soft.detach(), gradient);
            Tensor byMask = gradient.add(used.mul_(layer.Weight), alpha: -2 * sample.Reward).mul_(layer.Weight);
            soft.backward([CandidateTensor.ToGroups(byMask, pattern)]);
        }
        if (_gradients.Remove(layer, out Tensor? earlier)) earlier.Dispose();
        Tensor byLogits = _gradients[layer] = leaf.grad!.DetachFromDisposeScope();
        return byLogits.square().sum(ScalarType.Float64).item<double>();
    }

    public void Update(LearnedLayer layer, MaskSample sample, Tensor gradient, double clip, AdamWRates rates)
    {
        using IDisposable noGradient = no_grad();
        _gradients.Remove(layer, out Tensor? byLogits);
        using Tensor owned = byLogits!;
        AdamW.Update(layer.Logits.Logits, layer.Logits.FirstMoment, layer.Logits.SecondMoment, owned.mul_(clip), rates);
    }

    public void Dispose()
    {
        foreach (Tensor gradient in _gradients.Values) gradient.Dispose();
        _gradients.Clear();
    }

    // kappa p + g, (M, G).
    private static Tensor Scores(Tensor logits, MaskSample sample)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor noise = MaskNoise.Gumbel(sample.Seed, sample.Step, (int)sample.Layer, (int)logits.size(0), (int)logits.size(1)).to(logits.device);
        return (logits * sample.Kappa).add(noise).MoveToOuterDisposeScope();
    }

    private static Tensor ToWeight(Tensor groups, Tensor like) => CandidateTensor.FromGroups(groups, like.size(0), like.size(1)).clone();
}
