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
        AdamWStep step = new(
            (float)clip, (float)AdamWRates.Beta1, (float)AdamWRates.Beta2, (float)(1 - rates.LearningRate * rates.WeightDecay),
            (float)(rates.LearningRate / rates.FirstCorrection), (float)(1 / Math.Sqrt(rates.SecondCorrection)), (float)rates.Epsilon);
        _pass.Update(Open(layer, layer.Weight), sample, TensorBytes.Address(gradient), IsNarrow(gradient), step);
    }

    public void Dispose()
    {
    }

    private MaskLayer Open(LearnedLayer layer, Tensor weight)
    {
        MaskLogits state = layer.Logits;
        return new MaskLayer
        {
            Pattern = _pattern,
            Groups = (int)state.Logits.size(1),
            Logits = (float*)TensorBytes.Address(state.Logits),
            Weight = TensorBytes.Address(weight),
            NarrowWeight = IsNarrow(weight),
            First = TensorBytes.Address(state.FirstMoment),
            Second = TensorBytes.Address(state.SecondMoment),
            FirstScales = state.FirstScales is null ? null : (float*)TensorBytes.Address(state.FirstScales),
            SecondScales = state.SecondScales is null ? null : (float*)TensorBytes.Address(state.SecondScales),
            Moments = state.Moments,
        };
    }

    private static bool IsNarrow(Tensor tensor) => tensor.dtype == ScalarType.BFloat16;
}
