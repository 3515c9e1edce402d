using MaskLlm.MaskKernels;
using MaskLlm.Models;
using MaskLlm.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace MaskLlm.Learning;

/// <summary>Mask learning by tensor operations on any device. Each layer's sample stays in memory until its update.</summary>
internal sealed class PlainMaskStep(CandidateTensor table) : IMaskStep
{
    // y of each layer, which becomes the gradient by its logits.
    private readonly LayerTensors _samples = new();

    public string Name => "plain";

    public bool SkipsUnreachedTiles => false;

    public (double Largest, double Kept) Sample(LearnedLayer layer, MaskSample sample, Tensor masked)
    {
        using IDisposable noGradient = no_grad();
        using DisposeScope scope = NewDisposeScope();
        Tensor probabilities = Probabilities(layer, sample);
        Tensor product = Mix(probabilities, masked, sample).mul_(layer.Weight);
        masked.copy_(product);
        _samples.Keep(layer, probabilities);
        return (probabilities.amax([0]).sum(ScalarType.Float64).item<double>(), product.Squared().sum(ScalarType.Float64).item<double>());
    }

    public void Mask(LearnedLayer layer, MaskSample sample, Tensor mask)
    {
        using IDisposable noGradient = no_grad();
        using DisposeScope scope = NewDisposeScope();
        mask.copy_(Mix(Probabilities(layer, sample), mask, sample));
    }

    public double SquaredNorm(LearnedLayer layer, MaskSample sample, Tensor gradient)
    {
        using IDisposable noGradient = no_grad();
        using DisposeScope scope = NewDisposeScope();
        Tensor mask = Mix(_samples[layer], gradient, sample);
        Tensor byLogits = SoftMask.GradientInPlace(
            _samples[layer], layer.Weight, mask.mul_(layer.Weight), gradient.to(ScalarType.Float32), table,
                (double)sample.Kappa / sample.Tau, sample.Reward);
        layer.ClearUnreached(byLogits);
        return byLogits.Squared().sum(ScalarType.Float64).item<double>();
    }

    public void Update(LearnedLayer layer, MaskSample sample, Tensor gradient, double clip, AdamWRates rates)
    {
        using IDisposable noGradient = no_grad();
        using Tensor owned = _samples.Take(layer);
        layer.Logits.Moments.UpdatePlain(layer.Logits.Logits, owned.TimesInPlace(clip), rates);
    }

    public void Dispose() => _samples.Dispose();

    private static Tensor Probabilities(LearnedLayer layer, MaskSample sample)
    {
        Tensor logits = layer.Logits.Logits;
        using Tensor? noise = sample.Noisy ? MaskNoise.Gumbel(sample, logits) : null;
        return SoftMask.Probabilities(logits, noise, sample.Kappa, sample.Tau);
    }

    private Tensor Mix(Tensor probabilities, Tensor like, MaskSample sample) =>
        SoftMask.Mix(probabilities, table, like.size(0), like.size(1), sample.Hard);
}
