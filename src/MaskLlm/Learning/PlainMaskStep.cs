using MaskLlm.Kernels;
using MaskLlm.Optimization;
using TorchSharp;
using static TorchSharp.torch;

namespace MaskLlm.Learning;

/// <summary>Mask learning by tensor operations on any device. Each layer's sample stays in memory until its update.</summary>
internal sealed class PlainMaskStep(CandidateTensor table) : IMaskStep
{
    // y of each layer, which becomes the gradient by its logits.
    private readonly Dictionary<LearnedLayer, Tensor> _samples = [];

    public string Name => "plain";

    public (double Largest, double Kept) Sample(LearnedLayer layer, MaskSample sample, Tensor masked, Tensor weight)
    {
        using IDisposable noGradient = no_grad();
        using DisposeScope scope = NewDisposeScope();
        Tensor logits = layer.Logits.Logits;
        using Tensor noise = MaskNoise.Gumbel(sample.Seed, sample.Step, (int)sample.Layer, (int)logits.size(0), (int)logits.size(1));
        Tensor probabilities = SoftMask.Probabilities(logits, noise.to(logits.device), sample.Kappa, sample.Tau);
        Tensor mask = SoftMask.Mix(probabilities, table, masked.size(0), masked.size(1), sample.Hard);
        Tensor product = mask.mul_(weight);
        masked.copy_(product);
        if (_samples.Remove(layer, out Tensor? earlier)) earlier.Dispose();
        _samples[layer] = probabilities.DetachFromDisposeScope();
        return (probabilities.amax([0]).sum(ScalarType.Float64).item<double>(), product.square().sum(ScalarType.Float64).item<double>());
    }

    public double SquaredNorm(LearnedLayer layer, MaskSample sample, Tensor gradient)
    {
        using IDisposable noGradient = no_grad();
        using DisposeScope scope = NewDisposeScope();
        Tensor mask = SoftMask.Mix(_samples[layer], table, gradient.size(0), gradient.size(1), sample.Hard);
        Tensor byLogits = SoftMask.GradientInPlace(
            _samples[layer], layer.Weight, mask.mul_(layer.Weight), gradient.to(ScalarType.Float32), table, (double)sample.Kappa / sample.Tau, sample.Reward);
        return byLogits.square().sum(ScalarType.Float64).item<double>();
    }

    public void Update(LearnedLayer layer, MaskSample sample, Tensor gradient, double clip, AdamWRates rates)
    {
        using IDisposable noGradient = no_grad();
        _samples.Remove(layer, out Tensor? byLogits);
        using Tensor owned = byLogits!;
        AdamW.Update(layer.Logits.Logits, layer.Logits.FirstMoment, layer.Logits.SecondMoment, owned.mul_(clip), rates);
    }

    public void Dispose()
    {
        foreach (Tensor sample in _samples.Values) sample.Dispose();
        _samples.Clear();
    }
}
