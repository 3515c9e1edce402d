using MaskLlm.Models;
using MaskLlm.Optimization;
using TorchSharp;
using static TorchSharp.torch;

namespace MaskLlm.Learning;

/// <summary>A linear layer while its mask is learned: its frozen weight, the leaf that stands in for it, and the sample of this step.</summary>
internal sealed class LearnedLayer : IDisposable
{
    // As in the paper's runs; torch's own default is 1e-8.
    private const double AdamEpsilon = 1e-5;

    private readonly LinearLayer _layer;
    private readonly Tensor _dense, _leaf;
    private Tensor? _sample;
    private Tensor? _lastArgmax;

    internal LearnedLayer(LinearLayer layer, MaskLogits logits)
    {
        _layer = layer;
        Logits = logits;
        _dense = layer.Weight;
        _leaf = empty_like(_dense).DetachFromDisposeScope();
        _leaf.requires_grad = true;
        layer.Weight = _leaf;
    }

    internal MaskLogits Logits { get; }

    /// <summary>Draws a mask and puts W * mask into the layer.</summary>
    /// <param name="noise">(C, G), overwritten.</param>
    /// <param name="kappa">Scale.</param>
    /// <param name="tau">Temperature.</param>
    /// <param name="table">S.</param>
    /// <param name="hard">Straight-through.</param>
    internal void Sample(Tensor noise, double kappa, double tau, CandidateTensor table, bool hard)
    {
        using IDisposable noGradient = no_grad();
        using DisposeScope scope = NewDisposeScope();
        Tensor probabilities = SoftMask.Probabilities(Logits.Logits, noise, kappa, tau);
        Tensor mask = SoftMask.Mix(probabilities, table, _layer.Rows, _layer.Columns, hard);
        _leaf.copy_(_dense).mul_(mask);
        _sample = probabilities.DetachFromDisposeScope();
        using Tensor? gradient = _leaf.grad;
        gradient?.zero_();
    }

    internal double SumOfMaxProbabilities()
    {
        using DisposeScope scope = NewDisposeScope();
        return _sample!.amax([0]).sum(ScalarType.Float64).item<double>();
    }

    /// <summary>Turns the sample into the gradient by the logits.</summary>
    /// <returns>Squared norm of that gradient, and sum (W mask)^2.</returns>
    internal (double SquaredNorm, double Kept) ComputeGradient(CandidateTensor table, double scale, double reward)
    {
        using DisposeScope scope = NewDisposeScope();
        double kept = _leaf.square().sum(ScalarType.Float64).item<double>();
        Tensor gradient = SoftMask.GradientInPlace(_sample!, _dense, _leaf, _leaf.grad!, table, scale, reward);
        return (gradient.square().sum(ScalarType.Float64).item<double>(), kept);
    }

    /// <summary>Clips the gradient of <see cref="ComputeGradient"/> and updates the logits with it.</summary>
    internal void Update(double clip, double learningRate, double weightDecay, long step)
    {
        AdamW.Update(Logits.Logits, Logits.FirstMoment, Logits.SecondMoment, _sample!.mul_(clip), learningRate, weightDecay, step, AdamEpsilon);
        _sample.Dispose();
        _sample = null;
    }

    internal void UseDense() => _layer.Weight = _dense;

    internal void UseLeaf() => _layer.Weight = _leaf;

    internal long CountChangedGroups()
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor argmax = Logits.Argmax().to(ScalarType.Byte);
        long changed = _lastArgmax is null ? 0 : argmax.ne(_lastArgmax).sum().item<long>();
        _lastArgmax?.Dispose();
        _lastArgmax = argmax.DetachFromDisposeScope();
        return changed;
    }

    public void Dispose()
    {
        _layer.Weight = _dense;
        _leaf.Dispose();
        _sample?.Dispose();
        _lastArgmax?.Dispose();
        Logits.Dispose();
    }
}
