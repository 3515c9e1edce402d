using MaskLlm.Distributed;
using MaskLlm.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace MaskLlm.Priors;

/// <summary>
/// What calibration keeps of the inputs of a linear layer: their second moments, not the inputs. Y are those of the model as it is pruned
/// so far; X, where they are taken too, the dense model's at the same tokens.
/// </summary>
internal sealed class LayerInputs : IDisposable
{
    private readonly Tensor _sum;
    private readonly Tensor? _cross;
    private readonly bool _products;
    private long _sequences;

    /// <param name="columns">I.</param>
    /// <param name="detail">What is kept.</param>
    /// <param name="device">Where the inputs are.</param>
    internal LayerInputs(int columns, InputDetail detail, Device device)
    {
        _products = detail != InputDetail.Squares;
        _sum = (_products ? zeros(columns, columns, device: device) : zeros(columns, device: device)).DetachFromDisposeScope();
        _cross = detail == InputDetail.Cross ? zeros(columns, columns, device: device).DetachFromDisposeScope() : null;
    }

    /// <summary>Y^T Y, (I, I) float32, where products are kept; it stays this object's.</summary>
    internal Tensor Own => _sum;

    /// <summary>X^T Y, (I, I) float32, where they are kept; it stays this object's.</summary>
    internal Tensor Cross => _cross ?? throw new InvalidOperationException("nothing of the dense model's inputs is kept.");

    /// <summary>How many tokens it has seen.</summary>
    internal long Tokens { get; private set; }

    /// <summary>Sum of squares of each input over all tokens, (I) float32, of the caller's scope.</summary>
    internal Tensor SquaredNorms() => _products ? _sum.diagonal() : _sum.alias();

    /// <summary>H = 2 / sequences * Y^T Y, (I, I) float32, of the caller's scope.</summary>
    internal Tensor Hessian() => _sum.Times(2.0 / Math.Max(1, _sequences));

    /// <summary>Adds the inputs of some sequences, or of tokens that are sequences of one.</summary>
    /// <param name="y">(B, T, I), or (B, I).</param>
    internal void Add(Tensor y)
    {
        using IDisposable noGradient = no_grad();
        using DisposeScope scope = NewDisposeScope();
        Tensor flat = Flat(y);
        if (_products) _sum.addmm_(flat.t(), flat);
        else _sum.PlusInPlace(flat.Squared().sum([0]));
        _sequences += y.size(0);
        Tokens += flat.size(0);
    }

    /// <summary>Adds the inputs of some sequences in both models.</summary>
    /// <param name="x">(B, T, I), of the dense model.</param>
    /// <param name="y">(B, T, I).</param>
    internal void Add(Tensor x, Tensor y)
    {
        using IDisposable noGradient = no_grad();
        using DisposeScope scope = NewDisposeScope();
        Add(y);
        Cross.addmm_(Flat(x).t(), Flat(y));
    }

    /// <summary>Makes this what all ranks have seen. All of them call it.</summary>
    internal void Sum(Ranks ranks)
    {
        if (ranks.Size == 1) return;
        RankTensors.SumInPlace(ranks, _sum);
        if (_cross is not null) RankTensors.SumInPlace(ranks, _cross);
        double[] counts = ranks.Sum(_sequences, Tokens);
        (_sequences, Tokens) = ((long)counts[0], (long)counts[1]);
    }

    /// <summary>||V Y^T - W X^T||^2 less ||W X^T||^2, which no V changes.</summary>
    /// <param name="solved">V, (O, I) float32.</param>
    /// <param name="weight">W, (O, I) float32.</param>
    internal double Error(Tensor solved, Tensor weight)
    {
        using IDisposable noGradient = no_grad();
        using DisposeScope scope = NewDisposeScope();
        Tensor gradient = solved.matmul(Own).PlusInPlace(weight.matmul(Cross), -2);
        return (gradient * solved).sum(ScalarType.Float64).item<double>();
    }

    public void Dispose()
    {
        _sum.Dispose();
        _cross?.Dispose();
    }

    private static Tensor Flat(Tensor x) => x.reshape(-1, x.size(-1)).to(ScalarType.Float32);
}
