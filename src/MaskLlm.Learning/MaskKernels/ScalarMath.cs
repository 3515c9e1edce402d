using static MaskLlm.MaskKernels.MaskConstants;

namespace MaskLlm.MaskKernels;

/// <summary>The functions of mask learning on one number: what <see cref="LaneMath{TLanes, TFloat, TInt}"/> must equal bit for
/// bit.</summary>
internal static class ScalarMath
{
    /// <summary>Natural logarithm of a positive normal number, to about 2 units in the last place.</summary>
    internal static float Log(float x)
    {
        uint shifted = BitConverter.SingleToUInt32Bits(x) - RootHalfBits;
        float exponent = (int)shifted >> 23;
        float t = BitConverter.UInt32BitsToSingle((shifted & 0x7FFFFF) + RootHalfBits) - 1;
        float p = Log8;
        foreach (float term in (ReadOnlySpan<float>)[Log7, Log6, Log5, Log4, Log3, Log2, Log1, Log0])
            p = MathF.FusedMultiplyAdd(p, t, term);
        return MathF.FusedMultiplyAdd(exponent, Ln2, p * t);
    }

    /// <summary>exp of a number that is not positive; exactly 0 below <see cref="SmallestExponent"/>.</summary>
    internal static float Exp(float z)
    {
        if (z < SmallestExponent) return 0;
        float shifted = MathF.FusedMultiplyAdd(z, Log2E, RoundingShift);
        float f = MathF.FusedMultiplyAdd(z, Log2E, -(shifted - RoundingShift));
        float p = Exp6;
        foreach (float term in (ReadOnlySpan<float>)[Exp5, Exp4, Exp3, Exp2, Exp1, Exp0]) p = MathF.FusedMultiplyAdd(p, f, term);
        return BitConverter.UInt32BitsToSingle(BitConverter.SingleToUInt32Bits(p) + (BitConverter.SingleToUInt32Bits(shifted) << 23));
    }

    /// <summary>Standard Gumbel noise g = -log(-log u) of a random word.</summary>
    internal static float Gumbel(uint word) => -Log(-Log(Uniform(word)));

    /// <summary>A word's upper 23 bits as a number in (0, 1).</summary>
    internal static float Uniform(uint word) => MathF.FusedMultiplyAdd(word >> 9, UniformStep, UniformStep / 2);

    /// <summary>A word's nine spare bits as a number in (0, 1).</summary>
    internal static float Chance(uint word) => MathF.FusedMultiplyAdd(word & SpareBits, 1f / 512, 1f / 1024);
}
