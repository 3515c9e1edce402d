using MaskLlm.MaskKernels;
using MaskLlm.Models;
using MaskLlm.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace MaskLlm.Learning;

/// <summary>Masks that stay while the weights under them are trained: nothing is drawn and no logit moves.</summary>
internal sealed class FrozenMaskStep : IMaskStep
{
    // (O, I) of 0 and 1, a byte each.
    private readonly LayerTensors _masks = new();

    public string Name => "frozen";

    public (double Largest, double Kept) Sample(LearnedLayer layer, MaskSample sample, Tensor masked)
    {
        using IDisposable noGradient = no_grad();
        using DisposeScope scope = NewDisposeScope();
        Tensor product = MaskOf(layer) * layer.Weight;
        masked.copy_(product);
        return (layer.Logits.Groups, product.Squared().sum(ScalarType.Float64).item<double>());
    }

    public void Mask(LearnedLayer layer, MaskSample sample, Tensor mask) => mask.copy_(MaskOf(layer));

    public double SquaredNorm(LearnedLayer layer, MaskSample sample, Tensor gradient) => 0;

    public void Update(LearnedLayer layer, MaskSample sample, Tensor gradient, double clip, AdamWRates rates)
    {
    }

    public void Dispose() => _masks.Dispose();

    private Tensor MaskOf(LearnedLayer layer) =>
        _masks.Has(layer) ? _masks[layer]
            : _masks.Keep(layer, MaskTensors.ToTensor(layer.Logits.ArgmaxMask(), layer.Dense.device, ScalarType.Byte));
}
