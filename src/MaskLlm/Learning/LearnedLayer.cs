using MaskLlm.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace MaskLlm.Learning;

/// <summary>
/// A linear layer while its mask is learned: its frozen weight, and the leaf of the autograd graph that stands in for it while the
/// model runs.
/// </summary>
internal sealed class LearnedLayer : IDisposable
{
    private readonly LinearLayer _layer;
    private readonly ScalarType _compute;
    private Tensor? _leaf, _gradient, _lastArgmax;

    internal LearnedLayer(LinearLayer layer, int index, ScalarType compute, MaskLogits logits)
    {
        (_layer, Index, _compute, Logits) = (layer, index, compute, logits);
        Dense = layer.Weight;
    }

    /// <summary>Its place among the learned layers: part of the random counter.</summary>
    internal int Index { get; }

    /// <summary>W, (O, I) float32 or bfloat16, frozen.</summary>
    internal Tensor Dense { get; }

    internal MaskLogits Logits { get; }

    /// <summary>dL/d(W * mask) of the runs since the last <see cref="DropGradient"/>, (O, I) in the type of the activations.</summary>
    internal Tensor Gradient => _gradient ?? throw new InvalidOperationException("no run of the model has closed the leaf yet.");

    /// <summary>Puts a new leaf in the place of the weight.</summary>
    /// <returns>Its memory, to be filled with W * mask.</returns>
    internal Tensor OpenLeaf()
    {
        _leaf = empty(Dense.shape, _compute, Dense.device).DetachFromDisposeScope();
        _leaf.requires_grad = true;
        _layer.Weight = _leaf;
        return _leaf;
    }

    /// <summary>Frees the leaf, adds its gradient to what is there, and puts the dense weight back.</summary>
    internal void CloseLeaf()
    {
        _layer.Weight = Dense;
        if (_leaf?.grad is { } gradient)
        {
            using IDisposable noGradient = no_grad();
            if (_gradient is null) _gradient = gradient.DetachFromDisposeScope();
            else using (gradient) _gradient.add_(gradient);
        }
        _leaf?.Dispose();
        _leaf = null;
    }

    internal void DropGradient()
    {
        _gradient?.Dispose();
        _gradient = null;
    }

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
        CloseLeaf();
        DropGradient();
        _lastArgmax?.Dispose();
        Logits.Dispose();
    }
}
