using MaskLlm.Architectures;
using TorchSharp;
using static TorchSharp.torch;

namespace MaskLlm.Models;

/// <summary>The functions between the matrices of an MLP.</summary>
internal static class Activations
{
    private const double QuickGeluSlope = 1.702;

    /// <returns>Of the shape and type of <paramref name="x"/>, of the caller's scope.</returns>
    internal static Tensor Call(Activation kind, Tensor x) => kind switch
    {
        Activation.Silu => nn.functional.silu(x),
        Activation.Gelu => nn.functional.gelu(x),
        Activation.GeluTanh => GeluTanh(x),
        Activation.Relu => x.relu(),
        Activation.QuickGelu => QuickGelu(x),
        Activation.Tanh => x.tanh(),
        _ => ReluSquared(x),
    };

    /// <summary>cap tanh(x / cap), of the caller's scope; x itself without a cap.</summary>
    internal static Tensor Capped(Tensor x, double? cap)
    {
        if (cap is not { } most) return x;
        using DisposeScope scope = NewDisposeScope();
        return x.Times(1 / most).tanh().Times(most).MoveToOuterDisposeScope();
    }

    /// <summary>(up + 1) gate sigmoid(slope gate) of gates up to a limit and ups within it (gpt-oss), of the caller's scope.</summary>
    internal static Tensor Limited(Tensor gate, Tensor up, double limit, double slope)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor cut = gate.AtMost(limit);
        return (up.AtLeast(-limit).AtMost(limit).Plus(1) * (cut * cut.Times(slope).sigmoid())).MoveToOuterDisposeScope();
    }

    // x / 2 (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))): Hendrycks and Gimpel 2016.
    private static Tensor GeluTanh(Tensor x)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor inner = x.Plus(x.Squared() * x, 0.044715).Times(Math.Sqrt(2 / Math.PI));
        return (x.Times(0.5) * inner.tanh().Plus(1)).MoveToOuterDisposeScope();
    }

    private static Tensor QuickGelu(Tensor x)
    {
        using DisposeScope scope = NewDisposeScope();
        return (x * x.Times(QuickGeluSlope).sigmoid()).MoveToOuterDisposeScope();
    }

    private static Tensor ReluSquared(Tensor x)
    {
        using DisposeScope scope = NewDisposeScope();
        return x.relu().Squared().MoveToOuterDisposeScope();
    }
}
