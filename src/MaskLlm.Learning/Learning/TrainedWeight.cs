using MaskLlm.MaskKernels;
using MaskLlm.Models;
using MaskLlm.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace MaskLlm.Learning;

/// <summary>A parameter that is trained, such as a layer's weight: a copy, and AdamW's moments of it.</summary>
internal sealed class TrainedWeight : IDisposable
{
    private readonly AdamWMoments _moments;
    private readonly ulong _seed;
    private readonly int _index, _first;

    /// <param name="name">The checkpoint's.</param>
    /// <param name="start">(O, I), or a vector; copied.</param>
    /// <param name="moments">How they are kept.</param>
    /// <param name="seed">Of their rounding.</param>
    /// <param name="index">Its place among the weights of the seed.</param>
    /// <param name="first">Of a part of a weight: its first value's place, a multiple of a tile's.</param>
    internal TrainedWeight(string name, Tensor start, MomentType moments = MomentType.Float32, ulong seed = 0, int index = 0,
        int first = 0)
    {
        Name = name;
        _seed = seed;
        _index = index;
        _first = first;
        Value = start.to(ScalarType.Float32, copy: true).DetachFromDisposeScope();
        _moments = new AdamWMoments(Value, moments);
    }

    /// <summary>The checkpoint's name.</summary>
    internal string Name { get; }

    /// <summary>W, (O, I) float32, or a vector.</summary>
    internal Tensor Value { get; }

    /// <summary>Everything that a checkpoint must hold, by name.</summary>
    internal IEnumerable<(string Name, Tensor Value)> State =>
        _moments.State(Name + ".weight_").Prepend((Name, Value));

    /// <summary>One step of AdamW. Weights that the mask drops get no gradient and stay for as long as no moment of an earlier one moves
    /// them.</summary>
    /// <param name="maskedGradient">dL/d(W * mask), (O, I).</param>
    /// <param name="mask">(O, I) float32; null where nothing is dropped.</param>
    /// <param name="clip">Factor on the gradient.</param>
    /// <param name="rates">Of this step.</param>
    internal void Update(Tensor maskedGradient, Tensor? mask, double clip, AdamWRates rates) =>
        _moments.Update(Value, maskedGradient, rates, clip, mask, _seed, _index, _first);

    /// <summary>One step while the mask moves: the gradient goes to all weights, as if none were dropped, and those that are
    /// decay.</summary>
    /// <param name="maskedGradient">dL/d(W * mask), (O, I).</param>
    /// <param name="mask">(O, I) float32; overwritten.</param>
    /// <param name="clip">Factor on the gradient.</param>
    /// <param name="decay">Of the dropped ones, added to the gradient (Zhou et al. 2021, arXiv 2102.04010).</param>
    /// <param name="rates">Of this step.</param>
    internal void UpdateAll(Tensor maskedGradient, Tensor mask, double clip, double decay, AdamWRates rates)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor dropped = mask.TimesInPlace(-1).PlusInPlace(1).mul_(Value);
        _moments.Update(Value, dropped.TimesInPlace(decay).PlusInPlace(maskedGradient.to(ScalarType.Float32), clip), rates,
            seed: _seed, layer: _index, first: _first);
    }

    /// <summary>Ends the moving of the mask: what it drops is 0 from here on.</summary>
    /// <param name="mask">(O, I) float32.</param>
    internal void Settle(Tensor mask)
    {
        using DisposeScope scope = NewDisposeScope();
        foreach (Tensor tensor in new[] { Value, _moments.First, _moments.Second }) tensor.mul_(mask.to(tensor.dtype));
    }

    public void Dispose()
    {
        Value.Dispose();
        _moments.Dispose();
    }
}
