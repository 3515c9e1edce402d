using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using F = System.Runtime.Intrinsics.Vector512<float>;
using I = System.Runtime.Intrinsics.Vector512<uint>;

namespace MaskLlm.MaskKernels;

/// <summary>Sixteen lanes: AVX-512 (F, BW, DQ, VL).</summary>
internal readonly struct Lanes512 : ILanes<F, I>
{
    internal static bool IsSupported => Vector512.IsHardwareAccelerated && Avx512BW.VL.IsSupported && Avx512F.VL.IsSupported
        && Avx512DQ.VL.IsSupported;

    public static int Count => 16;

    public static I EvenIndices => (Vector512<ulong>.Indices << 1).AsUInt32();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F Create(float value) => Vector512.Create(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static I Create(uint value) => Vector512.Create(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static I CreateLong(uint value) => Vector512.Create((ulong)value).AsUInt32();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F Load(ref readonly float source, int offset) => Vector512.LoadUnsafe(in source, (nuint)offset);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(F value, ref float target, int offset) => value.StoreUnsafe(ref target, (nuint)offset);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static I Load(ref readonly uint source, int offset) => Vector512.LoadUnsafe(in source, (nuint)offset);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(I value, ref uint target, int offset) => value.StoreUnsafe(ref target, (nuint)offset);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static I Load(ref readonly ushort source, int offset) =>
        Avx512F.ConvertToVector512UInt32(Vector256.LoadUnsafe(in source, (nuint)offset));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(I value, ref ushort target, int offset) => Avx512F.ConvertToVector256UInt16(value)
        .StoreUnsafe(ref target, (nuint)offset);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static I Load(ref readonly byte source, int offset) =>
        Avx512F.ConvertToVector512UInt32(Vector128.LoadUnsafe(in source, (nuint)offset));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(I value, ref byte target, int offset) => Avx512F.ConvertToVector128Byte(value)
        .StoreUnsafe(ref target, (nuint)offset);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F Add(F a, F b) => a + b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F Subtract(F a, F b) => a - b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F Multiply(F a, F b) => a * b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F Divide(F a, F b) => a / b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F Fma(F a, F b, F c) => Avx512F.FusedMultiplyAdd(a, b, c);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F Sqrt(F a) => Vector512.Sqrt(a);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F Max(F a, F b) => Avx512F.Max(a, b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F Abs(F a) => Vector512.Abs(a);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F LessThan(F a, F b) => Vector512.LessThan(a, b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F IsEqual(F a, F b) => Vector512.Equals(a, b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F Where(F mask, F a, F b) => Vector512.ConditionalSelect(mask, a, b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static I Add(I a, I b) => a + b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static I Subtract(I a, I b) => a - b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static I And(I a, I b) => a & b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static I Or(I a, I b) => a | b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static I Xor(I a, I b) => a ^ b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static I ShiftLeft(I a, int bits) => a << bits;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static I ShiftRight(I a, int bits) => a >>> bits;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static I ShiftRightArithmetic(I a, int bits) => (a.AsInt32() >> bits).AsUInt32();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static I MultiplyEven(I a, I b) => Avx512F.Multiply(a, b).AsUInt32();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static I UpperHalves(I a) => (a.AsUInt64() >>> 32).AsUInt32();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static I Interleave(I even, I odd) =>
        Vector512.ConditionalSelect(Vector512.Create(0xFFFFFFFFUL).AsUInt32(), even, (odd.AsUInt64() << 32).AsUInt32());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F ToFloat(I a) => Vector512.ConvertToSingle(a.AsInt32());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F AsFloat(I a) => a.AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static I AsInt(F a) => a.AsUInt32();

    // Four by four within each quarter of the register, then the quarters themselves.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void ColumnsToWeights(ref F a, ref F b, ref F c, ref F d)
    {
        TransposeWithin(ref a, ref b, ref c, ref d);
        TransposeAcross(ref a, ref b, ref c, ref d);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void WeightsToColumns(ref F a, ref F b, ref F c, ref F d)
    {
        TransposeAcross(ref a, ref b, ref c, ref d);
        TransposeWithin(ref a, ref b, ref c, ref d);
    }

    // Element j of vector i becomes element i of vector j, in every 128 bits.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void TransposeWithin(ref F a, ref F b, ref F c, ref F d)
    {
        // a0 b0 a1 b1, a2 b2 a3 b3
        Vector512<double> lowAb = Avx512F.UnpackLow(a, b).AsDouble(), highAb = Avx512F.UnpackHigh(a, b).AsDouble();
        Vector512<double> lowCd = Avx512F.UnpackLow(c, d).AsDouble(), highCd = Avx512F.UnpackHigh(c, d).AsDouble();
        a = Avx512F.UnpackLow(lowAb, lowCd).AsSingle();                                                   // a0 b0 c0 d0
        b = Avx512F.UnpackHigh(lowAb, lowCd).AsSingle();
        c = Avx512F.UnpackLow(highAb, highCd).AsSingle();
        d = Avx512F.UnpackHigh(highAb, highCd).AsSingle();
    }

    // Lane q of vector i becomes lane i of vector q; it undoes itself.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void TransposeAcross(ref F a, ref F b, ref F c, ref F d)
    {
        F lowAb = Avx512F.Shuffle4x128(a, b, 0x44), highAb = Avx512F.Shuffle4x128(a, b, 0xEE);   // a0 a1 b0 b1, a2 a3 b2 b3
        F lowCd = Avx512F.Shuffle4x128(c, d, 0x44), highCd = Avx512F.Shuffle4x128(c, d, 0xEE);
        a = Avx512F.Shuffle4x128(lowAb, lowCd, 0x88);                                             // a0 b0 c0 d0
        b = Avx512F.Shuffle4x128(lowAb, lowCd, 0xDD);
        c = Avx512F.Shuffle4x128(highAb, highCd, 0x88);
        d = Avx512F.Shuffle4x128(highAb, highCd, 0xDD);
    }
}
