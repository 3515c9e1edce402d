using MaskLlm.Masks;
using MaskLlm.Models;
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
        int rows = (int)weight.size(0), columns = (int)weight.size(1);
        if (columns % pattern.GroupSize != 0)
            throw new ArgumentException($"{columns} columns; pattern {pattern} needs a multiple of {pattern.GroupSize}. Skip the layer with --skip.");
        using DisposeScope scope = NewDisposeScope();
        Tensor values = weight.to(ScalarType.Float32).cpu().contiguous();
        byte[] kept = new byte[rows * (long)columns];
        Keep(TensorBytes.Floats(values), kept, pattern);
        return Mask.FromBytes(rows, columns, kept);
    }

    private static void Keep(ReadOnlySpan<float> weights, Span<byte> kept, NmPattern pattern)
    {
        for (int start = 0; start < weights.Length; start += pattern.GroupSize)
        {
            ReadOnlySpan<float> group = weights.Slice(start, pattern.GroupSize);
            for (int i = 0; i < group.Length; i++)
                if (Rank(group, i) < pattern.Kept) kept[start + i] = 1;
        }
    }

    private static int Rank(ReadOnlySpan<float> group, int index)
    {
        float size = MathF.Abs(group[index]);
        int rank = 0;
        for (int other = 0; other < group.Length; other++)
        {
            float otherSize = MathF.Abs(group[other]);
            if (otherSize > size || (otherSize == size && other < index)) rank++;
        }
        return rank;
    }
}
