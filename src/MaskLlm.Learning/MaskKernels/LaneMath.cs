using System.Runtime.CompilerServices;
using static MaskLlm.MaskKernels.MaskConstants;

namespace MaskLlm.MaskKernels;

/// <summary>The functions of mask learning on a vector of numbers; <see cref="ScalarMath"/> lane by lane, by the same operations.</summary>
internal static class LaneMath<TLanes, TFloat, TInt>
    where TLanes : struct, ILanes<TFloat, TInt>
    where TFloat : struct
    where TInt : struct
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static TFloat Log(TFloat x)
    {
        TInt shifted = TLanes.Subtract(TLanes.AsInt(x), TLanes.Create(RootHalfBits));
        TFloat exponent = TLanes.ToFloat(TLanes.ShiftRightArithmetic(shifted, 23));
        TInt mantissa = TLanes.Add(TLanes.And(shifted, TLanes.Create(0x7FFFFFu)), TLanes.Create(RootHalfBits));
        TFloat t = TLanes.Subtract(TLanes.AsFloat(mantissa), TLanes.Create(1f));
        TFloat p = TLanes.Fma(TLanes.Create(Log8), t, TLanes.Create(Log7));
        p = TLanes.Fma(p, t, TLanes.Create(Log6));
        p = TLanes.Fma(p, t, TLanes.Create(Log5));
        p = TLanes.Fma(p, t, TLanes.Create(Log4));
        p = TLanes.Fma(p, t, TLanes.Create(Log3));
        p = TLanes.Fma(p, t, TLanes.Create(Log2));
        p = TLanes.Fma(p, t, TLanes.Create(Log1));
        p = TLanes.Fma(p, t, TLanes.Create(Log0));
        return TLanes.Fma(exponent, TLanes.Create(Ln2), TLanes.Multiply(p, t));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static TFloat Exp(TFloat z)
    {
        TFloat shift = TLanes.Create(RoundingShift), log2E = TLanes.Create(Log2E);
        TFloat shifted = TLanes.Fma(z, log2E, shift);
        TFloat f = TLanes.Fma(z, log2E, Negate(TLanes.Subtract(shifted, shift)));
        TFloat p = TLanes.Fma(TLanes.Create(Exp6), f, TLanes.Create(Exp5));
        p = TLanes.Fma(p, f, TLanes.Create(Exp4));
        p = TLanes.Fma(p, f, TLanes.Create(Exp3));
        p = TLanes.Fma(p, f, TLanes.Create(Exp2));
        p = TLanes.Fma(p, f, TLanes.Create(Exp1));
        p = TLanes.Fma(p, f, TLanes.Create(Exp0));
        TFloat power = TLanes.AsFloat(TLanes.Add(TLanes.AsInt(p), TLanes.ShiftLeft(TLanes.AsInt(shifted), 23)));
        return TLanes.Where(TLanes.LessThan(z, TLanes.Create(SmallestExponent)), TLanes.Create(0f), power);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static TFloat Gumbel(TInt word)
    {
        TFloat uniform = TLanes.Fma(TLanes.ToFloat(TLanes.ShiftRight(word, 9)), TLanes.Create(UniformStep), TLanes.Create(UniformStep / 2));
        return Negate(Log(Negate(Log(uniform))));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static TFloat Chance(TInt word) =>
        TLanes.Fma(TLanes.ToFloat(TLanes.And(word, TLanes.Create(SpareBits))), TLanes.Create(1f / 512), TLanes.Create(1f / 1024));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static TFloat Negate(TFloat x) => TLanes.AsFloat(TLanes.Xor(TLanes.AsInt(x), TLanes.Create(0x80000000u)));

    /// <summary>x, or 0 where |x| is below the limit.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static TFloat Flush(TFloat x, float limit) =>
        TLanes.Where(TLanes.LessThan(TLanes.Abs(x), TLanes.Create(limit)), TLanes.Create(0f), x);
}
