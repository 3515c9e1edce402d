using MaskLlm.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace MaskLlm.Priors;

/// <summary>What calibration keeps of the inputs of a linear layer: their second moments, not the inputs.</summary>
internal sealed class LayerInputs : IDisposable
{
    private readonly Tensor _sum;
    private readonly bool _products;
    private long _sequences;

    /// <param name="columns">I.</param>
    /// <param name="products">Whether products of different inputs are needed, (I, I), or squares only, (I).</param>
    /// <param name="device">Where the inputs are.</param>
    internal LayerInputs(int columns, bool products, Device device)
    {
        _products = products;
        _sum = (products ? zeros(columns, columns, device: device) : zeros(columns, device: device)).DetachFromDisposeScope();
    }

    /// <summary>Sum of squares of each input over all tokens, (I) float32, of the caller's scope.</summary>
    internal Tensor SquaredNorms() => _products ? _sum.diagonal() : _sum.alias();

    /// <summary>H = 2 / sequences * X^T X, (I, I) float32, of the caller's scope.</summary>
    internal Tensor Hessian() => _sum.Times(2.0 / _sequences);

    /// <summary>Adds the inputs of some sequences.</summary>
    /// <param name="x">(B, T, I).</param>
    internal void Add(Tensor x)
    {
        using IDisposable noGradient = no_grad();
        using DisposeScope scope = NewDisposeScope();
        Tensor flat = x.reshape(-1, x.size(-1)).to(ScalarType.Float32);
        _sum.PlusInPlace(_products ? flat.t().matmul(flat) : flat.Squared().sum([0]));
        _sequences += x.size(0);
    }

    public void Dispose() => _sum.Dispose();
}
