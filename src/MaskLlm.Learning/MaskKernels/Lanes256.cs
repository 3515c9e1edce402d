using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using F = System.Runtime.Intrinsics.Vector256<float>;
using I = System.Runtime.Intrinsics.Vector256<uint>;

namespace MaskLlm.MaskKernels;

/// <summary>Eight lanes: AVX2 and FMA.</summary>
internal readonly struct Lanes256 : ILanes<F, I>
{
    internal static bool IsSupported => Avx2.IsSupported && System.Runtime.Intrinsics.X86.Fma.IsSupported;

    public static int Count => 8;

    public static I EvenIndices => (Vector256<ulong>.Indices << 1).AsUInt32();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F Create(float value) => Vector256.Create(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static I Create(uint value) => Vector256.Create(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static I CreateLong(uint value) => Vector256.Create((ulong)value).AsUInt32();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F Load(ref readonly float source, int offset) => Vector256.LoadUnsafe(in source, (nuint)offset);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(F value, ref float target, int offset) => value.StoreUnsafe(ref target, (nuint)offset);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static I Load(ref readonly uint source, int offset) => Vector256.LoadUnsafe(in source, (nuint)offset);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(I value, ref uint target, int offset) => value.StoreUnsafe(ref target, (nuint)offset);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static I Load(ref readonly ushort source, int offset) =>
        Avx2.ConvertToVector256Int32(Vector128.LoadUnsafe(in source, (nuint)offset)).AsUInt32();

    // Packing works within halves of the register: saturated signed words need values below 2^15, so unsigned packing, then the halves are
    // put together.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(I value, ref ushort target, int offset) =>
        Sse41.PackUnsignedSaturate((value & Vector256.Create(0xFFFFu)).GetLower().AsInt32(), (value & Vector256.Create(0xFFFFu)).GetUpper()
            .AsInt32()).StoreUnsafe(ref target, (nuint)offset);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static I Load(ref readonly byte source, int offset) =>
        Avx2.ConvertToVector256Int32(
            Vector128.CreateScalarUnsafe(Unsafe.ReadUnaligned<ulong>(in Unsafe.Add(ref Unsafe.AsRef(in source), offset))).AsByte())
            .AsUInt32();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(I value, ref byte target, int offset)
    {
        I low = value & Vector256.Create(0xFFu);
        Vector128<ushort> words = Sse41.PackUnsignedSaturate(low.GetLower().AsInt32(), low.GetUpper().AsInt32());
        Unsafe.WriteUnaligned(ref Unsafe.Add(ref target, offset), Sse2.PackUnsignedSaturate(words.AsInt16(), words.AsInt16()).AsUInt64()
            .ToScalar());
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F Add(F a, F b) => a + b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F Subtract(F a, F b) => a - b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F Multiply(F a, F b) => a * b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F Divide(F a, F b) => a / b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F Fma(F a, F b, F c) => System.Runtime.Intrinsics.X86.Fma.MultiplyAdd(a, b, c);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F Sqrt(F a) => Vector256.Sqrt(a);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F Max(F a, F b) => Avx.Max(a, b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F Abs(F a) => Vector256.Abs(a);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F LessThan(F a, F b) => Vector256.LessThan(a, b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F IsEqual(F a, F b) => Vector256.Equals(a, b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F Where(F mask, F a, F b) => Vector256.ConditionalSelect(mask, a, b);

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
    public static I MultiplyEven(I a, I b) => Avx2.Multiply(a, b).AsUInt32();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static I UpperHalves(I a) => (a.AsUInt64() >>> 32).AsUInt32();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static I Interleave(I even, I odd) =>
        Vector256.ConditionalSelect(Vector256.Create(0xFFFFFFFFUL).AsUInt32(), even, (odd.AsUInt64() << 32).AsUInt32());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F ToFloat(I a) => Vector256.ConvertToSingle(a.AsInt32());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F AsFloat(I a) => a.AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static I AsInt(F a) => a.AsUInt32();

    // Four by four within each half of the register, then the halfs themselves.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void ColumnsToWeights(ref F a, ref F b, ref F c, ref F d)
    {
        TransposeWithin(ref a, ref b, ref c, ref d);
        TransposeAcross(ref a, ref b, ref c, ref d);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void WeightsToColumns(ref F a, ref F b, ref F c, ref F d)
    {
        F low02 = Avx.Permute2x128(a, c, 0x20), high02 = Avx.Permute2x128(a, c, 0x31);           // a0 c0, a1 c1
        F low13 = Avx.Permute2x128(b, d, 0x20), high13 = Avx.Permute2x128(b, d, 0x31);
        (a, b, c, d) = (low02, high02, low13, high13);
        TransposeWithin(ref a, ref b, ref c, ref d);
    }

    // Element j of vector i becomes element i of vector j, in every 128 bits.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void TransposeWithin(ref F a, ref F b, ref F c, ref F d)
    {
        Vector256<double> lowAb = Avx.UnpackLow(a, b).AsDouble(), highAb = Avx.UnpackHigh(a, b).AsDouble();   // a0 b0 a1 b1, a2 b2 a3 b3
        Vector256<double> lowCd = Avx.UnpackLow(c, d).AsDouble(), highCd = Avx.UnpackHigh(c, d).AsDouble();
        a = Avx.UnpackLow(lowAb, lowCd).AsSingle();                                                   // a0 b0 c0 d0
        b = Avx.UnpackHigh(lowAb, lowCd).AsSingle();
        c = Avx.UnpackLow(highAb, highCd).AsSingle();
        d = Avx.UnpackHigh(highAb, highCd).AsSingle();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void TransposeAcross(ref F a, ref F b, ref F c, ref F d)
    {
        F low01 = Avx.Permute2x128(a, b, 0x20), low23 = Avx.Permute2x128(c, d, 0x20);            // a0 b0, c0 d0
        F high01 = Avx.Permute2x128(a, b, 0x31), high23 = Avx.Permute2x128(c, d, 0x31);
        (a, b, c, d) = (low01, low23, high01, high23);
    }
}
