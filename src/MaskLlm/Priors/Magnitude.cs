using MaskLlm.Masks;
using MaskLlm.Patterns;
using TorchSharp;
using static TorchSharp.torch;

namespace MaskLlm.Priors;

/// <summary>Magnitude pruning: of every group the N largest weights stay (Han et al. 2015).</summary>
public static class Magnitude
{
    /// <summary>The mask of one weight matrix; of equal weights the one with the lower index stays.</summary>
    /// <param name="weight">(O, I) float32 or bfloat16; I a multiple of M.</param>
    /// <param name="pattern">N:M.</param>
    /// <exception cref="ArgumentException">Columns not divisible by M.</exception>
    public static Mask Prune(Tensor weight, NmPattern pattern)
    {
        int columns = (int)weight.size(1);
        if (columns % pattern.GroupSize != 0)
            throw new ArgumentException($"{columns} columns; pattern {pattern} needs a multiple of {pattern.GroupSize}. Skip the layer with --skip.");
        using DisposeScope scope = NewDisposeScope();
        return LargestOfGroup.Keep(weight.to(ScalarType.Float32).abs(), pattern);
    }
}
