using MaskLlm.MaskKernels;
using MaskLlm.Models;
using MaskLlm.Patterns;
using MaskLlm.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace MaskLlm.Learning;

/// <summary>Mask learning by <see cref="MaskPass"/>, on the memory of CPU tensors. Nothing is kept between its passes: the noise is drawn
/// again.</summary>
internal sealed unsafe class FusedMaskStep : IMaskStep
{
    private readonly NmPattern _pattern;
    private readonly IMaskKernel _kernel = MaskKernelSet.Choose();
    private readonly MaskPass _pass;

    internal FusedMaskStep(NmPattern pattern) => (_pattern, _pass) = (pattern, new MaskPass(_kernel, pattern, get_num_threads()));

    public string Name => "fused-" + _kernel.Name;

    public bool SkipsUnreachedTiles => true;

    public (double Largest, double Kept) Sample(LearnedLayer layer, MaskSample sample, Tensor masked)
    {
        using DisposeScope scope = NewDisposeScope();
        return _pass.Sample(Open(layer, layer.Weight), sample, TensorBytes.Address(masked), IsNarrow(masked));
    }

    public void Mask(LearnedLayer layer, MaskSample sample, Tensor mask)
    {
        using DisposeScope scope = NewDisposeScope();
        _pass.Sample(Open(layer, ones_like(mask)), sample, TensorBytes.Address(mask), narrow: false);
    }

    public double SquaredNorm(LearnedLayer layer, MaskSample sample, Tensor gradient)
    {
        using DisposeScope scope = NewDisposeScope();
        return _pass.SquaredNorm(Open(layer, layer.Weight), sample, TensorBytes.Address(gradient), IsNarrow(gradient));
    }

    public void Update(LearnedLayer layer, MaskSample sample, Tensor gradient, double clip, AdamWRates rates)
    {
        using DisposeScope scope = NewDisposeScope();
        _pass.Update(Open(layer, layer.Weight), sample, TensorBytes.Address(gradient), IsNarrow(gradient), rates.Fused(clip));
    }

    public void Dispose()
    {
    }

    private MaskLayer Open(LearnedLayer layer, Tensor weight) => new()
    {
        Pattern = _pattern,
        Logits = layer.Logits.Moments.Open(layer.Logits.Logits),
        Weight = TensorBytes.Address(weight),
        NarrowWeight = IsNarrow(weight),
        Reached = layer.Reached,
        PartGroups = layer.Reached is { } parts ? (int)(layer.Share.Groups / parts.Length) : 0,
    };

    private static bool IsNarrow(Tensor tensor) => tensor.dtype == ScalarType.BFloat16;
}
