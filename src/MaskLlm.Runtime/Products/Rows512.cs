using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using F = System.Runtime.Intrinsics.Vector512<float>;
using I = System.Runtime.Intrinsics.Vector512<uint>;

namespace MaskLlm.Products;

/// <summary>Sixteen rows in one AVX-512 register.</summary>
internal readonly unsafe struct Rows512 : IRowLanes<F, I>
{
    internal static bool IsSupported => Avx512F.IsSupported && Avx512BW.IsSupported;

    public static F Zero => F.Zero;

    public static I ZeroInts => I.Zero;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F Load(float* source) => Vector512.Load(source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(F value, float* target) => value.Store(target);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F Broadcast(float value) => Vector512.Create(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F BroadcastGroup(float* source) => Avx512F.BroadcastVector128ToVector512(source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F Pick(F group, I index) => Avx512F.PermuteVar4x32(group, index.AsInt32());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F MultiplyAdd(F a, F b, F c) => Avx512F.FusedMultiplyAdd(a, b, c);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F Add(F a, F b) => a + b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F Multiply(F a, F b) => a * b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static I LoadInts(byte* source) => Vector512.Load((uint*)source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static I AddInts(I a, I b) => a + b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static I ShiftLeft(I value, int bits) => value << bits;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static I ShiftRight(I value, int bits) => value >> bits;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F LowBFloat16(I pair) => (pair << 16).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F HighBFloat16(I pair) => (pair & Vector512.Create(0xFFFF0000u)).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static I LoadWords(byte* source) => Avx512F.ConvertToVector512UInt32(Vector256.Load((ushort*)source));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F GridSteps(I grids) =>
        (((grids & Vector512.Create(Int4Grid.StepMask)) << Int4Grid.StepShift) + Vector512.Create(Int4Grid.StepBias)).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static I GridZeros(I grids)
    {
        I zero = grids & Vector512.Create((uint)Int4Grid.MostZero), two = zero | (zero << 8);
        return two | (two << 16);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F ToFloats(I value) => Avx512F.ConvertToVector512Single(value.AsInt32());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static I BroadcastBytes(sbyte* source) => Vector512.Create(*(uint*)source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static I BroadcastGroups(sbyte* source) => Vector512.Create(*(ulong*)source).AsUInt32();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static I Places(I index) => (index & Vector512.Create(0x03030303u)) | Vector512.Create(0x04040000u);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static I PickBytes(I groups, I places) => Avx512BW.Shuffle(groups.AsByte(), places.AsByte()).AsUInt32();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static I Quarters(I value, I zero) => ((value & Vector512.Create(0x3C3C3C3Cu)).AsByte() - zero.AsByte()).AsUInt32();

    // |a| times b with a's sign: unsigned by signed bytes, as the instruction wants them; pairs stay below 2^15.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static I AddDot(I sum, I a, I b)
    {
        Vector512<sbyte> signed = a.AsSByte(), other = b.AsSByte();
        Vector512<sbyte> turned = Vector512.ConditionalSelect(Vector512.LessThan(signed, Vector512<sbyte>.Zero),
            Vector512<sbyte>.Zero - other, other);
        Vector512<short> pairs = Avx512BW.MultiplyAddAdjacent(Avx512BW.Abs(signed), turned);
        return sum + Avx512BW.MultiplyAddAdjacent(pairs, Vector512.Create((short)1)).AsUInt32();
    }
}
