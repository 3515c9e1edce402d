using MaskLlm.Kernels;
using MaskLlm.Models;
using MaskLlm.Optimization;
using TorchSharp;
using static TorchSharp.torch;

namespace MaskLlm.Learning;

/// <summary>Masks that stay while the weights under them are trained: nothing is drawn and no logit moves.</summary>
internal sealed class FrozenMaskStep : IMaskStep
{
    // (O, I) of 0 and 1, a byte each.
    private readonly Dictionary<LearnedLayer, Tensor> _masks = [];

    public string Name => "frozen";

    public (double Largest, double Kept) Sample(LearnedLayer layer, MaskSample sample, Tensor masked, Tensor weight)
    {
        using IDisposable noGradient = no_grad();
        using DisposeScope scope = NewDisposeScope();
        if (!_masks.TryGetValue(layer, out Tensor? mask))
            mask = _masks[layer] = MaskTensors.ToTensor(layer.Logits.ArgmaxMask(), weight.device, ScalarType.Byte).DetachFromDisposeScope();
        Tensor product = mask * weight;
        masked.copy_(product);
        return (layer.Logits.Groups, product.square().sum(ScalarType.Float64).item<double>());
    }

    public double SquaredNorm(LearnedLayer layer, MaskSample sample, Tensor gradient) => 0;

    public void Update(LearnedLayer layer, MaskSample sample, Tensor gradient, double clip, AdamWRates rates)
    {
    }

    public void Dispose()
    {
        foreach (Tensor mask in _masks.Values) mask.Dispose();
        _masks.Clear();
    }
}
