using MaskLlm.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace MaskLlm.Priors;

/// <summary>
/// Second moments of what a layer reads: Y in the pruned model, X in the dense one at the same tokens. The squared error of its output,
/// ||V Y^T - W X^T||^2, needs no more of them, but for a part that no V changes.
/// </summary>
internal sealed class LayerMoments : IDisposable
{
    private readonly Tensor _own, _cross;

    /// <param name="columns">I.</param>
    /// <param name="device">Where the inputs are.</param>
    internal LayerMoments(int columns, Device device)
    {
        _own = zeros(columns, columns, device: device).DetachFromDisposeScope();
        _cross = zeros(columns, columns, device: device).DetachFromDisposeScope();
    }

    /// <summary>Y^T Y, (I, I) float32.</summary>
    internal Tensor Own => _own;

    /// <summary>X^T Y, (I, I) float32.</summary>
    internal Tensor Cross => _cross;

    /// <summary>Adds the inputs of some sequences.</summary>
    /// <param name="dense">X, (B, T, I).</param>
    /// <param name="pruned">Y, (B, T, I).</param>
    internal void Add(Tensor dense, Tensor pruned)
    {
        using IDisposable noGradient = no_grad();
        using DisposeScope scope = NewDisposeScope();
        Tensor x = dense.reshape(-1, dense.size(-1)).to(ScalarType.Float32), y = pruned.reshape(-1, pruned.size(-1)).to(ScalarType.Float32);
        _own.PlusInPlace(y.t().matmul(y));
        _cross.PlusInPlace(x.t().matmul(y));
    }

    /// <summary>||V Y^T - W X^T||^2 less ||W X^T||^2, in float64.</summary>
    /// <param name="solved">V, (O, I) float32.</param>
    /// <param name="weight">W, (O, I) float32.</param>
    internal double Error(Tensor solved, Tensor weight)
    {
        using IDisposable noGradient = no_grad();
        using DisposeScope scope = NewDisposeScope();
        Tensor gradient = solved.matmul(_own).Plus(weight.matmul(_cross), -2);
        return (gradient * solved).sum(ScalarType.Float64).item<double>();
    }

    public void Dispose()
    {
        _own.Dispose();
        _cross.Dispose();
    }
}
