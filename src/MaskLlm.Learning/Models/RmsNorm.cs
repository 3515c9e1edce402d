using TorchSharp;
using static TorchSharp.torch;

namespace MaskLlm.Models;

/// <summary>Root-mean-square normalisation over the last dimension (Zhang and Sennrich 2019).</summary>
internal static class RmsNorm
{
    /// <param name="x">(..., D) in any type; the statistics are float32.</param>
    /// <param name="weight">(D).</param>
    /// <param name="epsilon">Added to the mean square.</param>
    /// <returns>(..., D) in the type of <paramref name="x"/>, of the caller's scope.</returns>
    internal static Tensor Call(Tensor x, Tensor weight, double epsilon)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor wide = x.to(ScalarType.Float32);
        Tensor mean = wide.Squared().mean([-1], keepdim: true);   // (..., 1)
        // 1 / infinity is 0, and zeros look like numbers: 0 * infinity is NaN, and of anything finite it adds nothing.
        Tensor inverse = mean.Plus(epsilon).rsqrt().Plus(mean.Times(0));
        return ((wide * inverse).to(x.dtype) * weight).MoveToOuterDisposeScope();
    }
}
