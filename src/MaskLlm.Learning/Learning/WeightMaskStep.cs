using MaskLlm.MaskKernels;
using MaskLlm.Models;
using MaskLlm.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace MaskLlm.Learning;

/// <summary>Masks of weights that are trained alone: nothing is drawn and no logit moves. They stay, or keep what is largest in each
/// group.</summary>
internal sealed class WeightMaskStep(LearnOptions options) : IMaskStep
{
    // (O, I) of 0 and 1, a byte each.
    private readonly LayerTensors _masks = new();

    public string Name => options.TrainWeights == WeightTraining.Moving ? "largest" : "frozen";

    public bool SkipsUnreachedTiles => false;

    public (double Largest, double Kept) Sample(LearnedLayer layer, MaskSample sample, Tensor masked)
    {
        using IDisposable noGradient = no_grad();
        using DisposeScope scope = NewDisposeScope();
        // In the step that it settles before, it is chosen a last time.
        if (options.TrainWeights == WeightTraining.Moving && sample.Step <= options.SettledStep) _masks.Keep(layer, Choose(layer));
        Tensor product = MaskOf(layer) * layer.Weight;
        masked.copy_(product);
        return (layer.Logits.Groups, product.Squared().sum(ScalarType.Float64).item<double>());
    }

    public void Mask(LearnedLayer layer, MaskSample sample, Tensor mask) => mask.copy_(MaskOf(layer));

    public double SquaredNorm(LearnedLayer layer, MaskSample sample, Tensor gradient)
    {
        using IDisposable noGradient = no_grad();
        using DisposeScope scope = NewDisposeScope();
        Tensor counted = options.MovesMask(sample.Step) ? gradient : gradient * MaskOf(layer);
        return counted.to(ScalarType.Float32).Squared().sum(ScalarType.Float64).item<double>();
    }

    public void Update(LearnedLayer layer, MaskSample sample, Tensor gradient, double clip, AdamWRates rates)
    {
    }

    public void Dispose() => _masks.Dispose();

    private Tensor MaskOf(LearnedLayer layer) => _masks.Has(layer) ? _masks[layer] : _masks.Keep(layer, Choose(layer));

    private Tensor Choose(LearnedLayer layer) => options.TrainWeights == WeightTraining.Moving
        ? layer.LargestWeights(options.Pattern).to(ScalarType.Byte)
        : layer.Logits.Kept().to(layer.Dense.device);
}
