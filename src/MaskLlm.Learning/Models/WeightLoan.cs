using static TorchSharp.torch;

namespace MaskLlm.Models;

/// <summary>A weight that lies in a layer for a time: <see cref="LinearLayer.Lend"/>.</summary>
public sealed class WeightLoan : IDisposable
{
    private readonly Tensor _before;
    private readonly bool _isOwned;
    private bool _isOver;

    internal WeightLoan(LinearLayer layer, Tensor weight, bool isOwned)
    {
        (Layer, Weight, _before, _isOwned) = (layer, weight, layer.Weight, isOwned);
        layer.Weight = weight;
    }

    /// <summary>The layer.</summary>
    public LinearLayer Layer { get; }

    /// <summary>What was lent.</summary>
    public Tensor Weight { get; }

    /// <summary>Gives the layer back what it had.</summary>
    public void Dispose()
    {
        if (_isOver) return;
        _isOver = true;
        Layer.Weight = _before;
        if (_isOwned) Weight.Dispose();
    }
}
