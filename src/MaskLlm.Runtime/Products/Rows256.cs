using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace MaskLlm.Products;

/// <summary>Sixteen rows in two AVX2 registers, rows 0 to 7 and 8 to 15.</summary>
internal readonly unsafe struct Rows256 : IRowLanes<Rows256.Floats, Rows256.Ints>
{
    internal static bool IsSupported => Avx2.IsSupported && Fma.IsSupported;

    public static Floats Zero => new(Vector256<float>.Zero, Vector256<float>.Zero);

    public static Ints ZeroInts => new(Vector256<uint>.Zero, Vector256<uint>.Zero);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Floats Load(float* source) => new(Vector256.Load(source), Vector256.Load(source + 8));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Floats value, float* target)
    {
        value.Low.Store(target);
        value.High.Store(target + 8);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Floats Broadcast(float value)
    {
        Vector256<float> all = Vector256.Create(value);
        return new(all, all);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Floats BroadcastGroup(float* source)
    {
        Vector256<float> group = Avx.BroadcastVector128ToVector256(source);
        return new(group, group);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Floats Pick(Floats group, Ints index) =>
        new(Avx.PermuteVar(group.Low, index.Low.AsInt32()), Avx.PermuteVar(group.High, index.High.AsInt32()));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Floats MultiplyAdd(Floats a, Floats b, Floats c) =>
        new(Fma.MultiplyAdd(a.Low, b.Low, c.Low), Fma.MultiplyAdd(a.High, b.High, c.High));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Floats Add(Floats a, Floats b) => new(a.Low + b.Low, a.High + b.High);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Floats Multiply(Floats a, Floats b) => new(a.Low * b.Low, a.High * b.High);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Ints LoadInts(byte* source) => new(Vector256.Load((uint*)source), Vector256.Load((uint*)source + 8));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Ints AddInts(Ints a, Ints b) => new(a.Low + b.Low, a.High + b.High);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Ints ShiftLeft(Ints value, int bits) => new(value.Low << bits, value.High << bits);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Ints ShiftRight(Ints value, int bits) => new(value.Low >> bits, value.High >> bits);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Floats LowBFloat16(Ints pair) => new((pair.Low << 16).AsSingle(), (pair.High << 16).AsSingle());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Floats HighBFloat16(Ints pair)
    {
        Vector256<uint> upper = Vector256.Create(0xFFFF0000u);
        return new((pair.Low & upper).AsSingle(), (pair.High & upper).AsSingle());
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Ints LoadWords(byte* source) =>
        new(Avx2.ConvertToVector256Int32((ushort*)source).AsUInt32(), Avx2.ConvertToVector256Int32((ushort*)source + 8).AsUInt32());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Floats GridSteps(Ints grids) => new(GridSteps(grids.Low), GridSteps(grids.High));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Ints GridZeros(Ints grids) => new(GridZeros(grids.Low), GridZeros(grids.High));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Floats ToFloats(Ints value) =>
        new(Avx.ConvertToVector256Single(value.Low.AsInt32()), Avx.ConvertToVector256Single(value.High.AsInt32()));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Ints BroadcastBytes(sbyte* source)
    {
        Vector256<uint> all = Vector256.Create(*(uint*)source);
        return new(all, all);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Ints BroadcastGroups(sbyte* source)
    {
        Vector256<uint> all = Vector256.Create(*(ulong*)source).AsUInt32();
        return new(all, all);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Ints Places(Ints index)
    {
        Vector256<uint> place = Vector256.Create(0x03030303u), second = Vector256.Create(0x04040000u);
        return new((index.Low & place) | second, (index.High & place) | second);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Ints PickBytes(Ints groups, Ints places) => new(
        Avx2.Shuffle(groups.Low.AsByte(), places.Low.AsByte()).AsUInt32(), Avx2.Shuffle(groups.High.AsByte(), places.High.AsByte())
            .AsUInt32());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Ints Quarters(Ints value, Ints zero) => new(Quarters(value.Low, zero.Low), Quarters(value.High, zero.High));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Ints AddDot(Ints sum, Ints a, Ints b) =>
        new(AddDot(sum.Low, a.Low.AsSByte(), b.Low.AsSByte()), AddDot(sum.High, a.High.AsSByte(), b.High.AsSByte()));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> GridSteps(Vector256<uint> grids) =>
        (((grids & Vector256.Create(Int4Grid.StepMask)) << Int4Grid.StepShift) + Vector256.Create(Int4Grid.StepBias)).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<uint> GridZeros(Vector256<uint> grids)
    {
        Vector256<uint> zero = grids & Vector256.Create((uint)Int4Grid.MostZero), two = zero | (zero << 8);
        return two | (two << 16);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<uint> Quarters(Vector256<uint> value, Vector256<uint> zero) =>
        ((value & Vector256.Create(0x3C3C3C3Cu)).AsByte() - zero.AsByte()).AsUInt32();

    // |a| times b with a's sign: unsigned by signed bytes, as the instructions want them; pairs stay below 2^15.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<uint> AddDot(Vector256<uint> sum, Vector256<sbyte> a, Vector256<sbyte> b)
    {
        Vector256<byte> size = Avx2.Abs(a);
        Vector256<sbyte> turned = Avx2.Sign(b, a);
        return AvxVnni.IsSupported
            ? AvxVnni.MultiplyWideningAndAdd(sum.AsInt32(), size, turned).AsUInt32()
            : sum + Avx2.MultiplyAddAdjacent(Avx2.MultiplyAddAdjacent(size, turned), Vector256.Create((short)1)).AsUInt32();
    }

    /// <summary>Sixteen float32.</summary>
    internal readonly struct Floats(Vector256<float> low, Vector256<float> high)
    {
        internal readonly Vector256<float> Low = low, High = high;
    }

    /// <summary>Sixteen times 32 bits.</summary>
    internal readonly struct Ints(Vector256<uint> low, Vector256<uint> high)
    {
        internal readonly Vector256<uint> Low = low, High = high;
    }
}
