using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using F = System.Runtime.Intrinsics.Vector128<float>;
using I = System.Runtime.Intrinsics.Vector128<uint>;

namespace MaskLlm.Products;

/// <summary>Sixteen rows in four NEON registers.</summary>
internal readonly unsafe struct Rows128 : IRowLanes<Rows128.Floats, Rows128.Ints>
{
    internal static bool IsSupported => AdvSimd.Arm64.IsSupported;

    public static Floats Zero => new(F.Zero, F.Zero, F.Zero, F.Zero);

    public static Ints ZeroInts => new(I.Zero, I.Zero, I.Zero, I.Zero);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Floats Load(float* source) =>
        new(Vector128.Load(source), Vector128.Load(source + 4), Vector128.Load(source + 8), Vector128.Load(source + 12));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Floats value, float* target)
    {
        value.A.Store(target);
        value.B.Store(target + 4);
        value.C.Store(target + 8);
        value.D.Store(target + 12);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Floats Broadcast(float value) => All(Vector128.Create(value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Floats BroadcastGroup(float* source) => All(Vector128.Load(source));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Floats Pick(Floats group, Ints index) =>
        new(Pick(group.A, index.A), Pick(group.B, index.B), Pick(group.C, index.C), Pick(group.D, index.D));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Floats MultiplyAdd(Floats a, Floats b, Floats c) => new(
        AdvSimd.FusedMultiplyAdd(c.A, a.A, b.A), AdvSimd.FusedMultiplyAdd(c.B, a.B, b.B), AdvSimd.FusedMultiplyAdd(c.C, a.C, b.C),
            AdvSimd.FusedMultiplyAdd(c.D, a.D, b.D));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Floats Add(Floats a, Floats b) => new(a.A + b.A, a.B + b.B, a.C + b.C, a.D + b.D);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Floats Multiply(Floats a, Floats b) => new(a.A * b.A, a.B * b.B, a.C * b.C, a.D * b.D);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Ints LoadInts(byte* source)
    {
        uint* words = (uint*)source;
        return new(Vector128.Load(words), Vector128.Load(words + 4), Vector128.Load(words + 8), Vector128.Load(words + 12));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Ints AddInts(Ints a, Ints b) => new(a.A + b.A, a.B + b.B, a.C + b.C, a.D + b.D);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Ints ShiftLeft(Ints value, int bits) => new(value.A << bits, value.B << bits, value.C << bits, value.D << bits);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Ints ShiftRight(Ints value, int bits) => new(value.A >> bits, value.B >> bits, value.C >> bits, value.D >> bits);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Floats LowBFloat16(Ints pair) =>
        new((pair.A << 16).AsSingle(), (pair.B << 16).AsSingle(), (pair.C << 16).AsSingle(), (pair.D << 16).AsSingle());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Floats HighBFloat16(Ints pair)
    {
        I upper = Vector128.Create(0xFFFF0000u);
        return new((pair.A & upper).AsSingle(), (pair.B & upper).AsSingle(), (pair.C & upper).AsSingle(), (pair.D & upper).AsSingle());
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Ints LoadWords(byte* source)
    {
        ushort* words = (ushort*)source;
        return new(Widen(words), Widen(words + 4), Widen(words + 8), Widen(words + 12));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Floats GridSteps(Ints grids) => new(GridSteps(grids.A), GridSteps(grids.B), GridSteps(grids.C), GridSteps(grids.D));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Ints GridZeros(Ints grids) => new(GridZeros(grids.A), GridZeros(grids.B), GridZeros(grids.C), GridZeros(grids.D));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Floats ToFloats(Ints value) => new(
        AdvSimd.ConvertToSingle(value.A.AsInt32()), AdvSimd.ConvertToSingle(value.B.AsInt32()), AdvSimd.ConvertToSingle(value.C.AsInt32()),
            AdvSimd.ConvertToSingle(value.D.AsInt32()));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Ints BroadcastBytes(sbyte* source) => All(Vector128.Create(*(uint*)source));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Ints BroadcastGroups(sbyte* source) => All(Vector128.Create(*(ulong*)source).AsUInt32());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Ints Places(Ints index)
    {
        I place = Vector128.Create(0x03030303u), second = Vector128.Create(0x04040000u);
        return new((index.A & place) | second, (index.B & place) | second, (index.C & place) | second, (index.D & place) | second);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Ints PickBytes(Ints groups, Ints places) => new(
        PickBytes(groups.A, places.A), PickBytes(groups.B, places.B), PickBytes(groups.C, places.C), PickBytes(groups.D, places.D));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Ints Quarters(Ints value, Ints zero) =>
        new(Quarters(value.A, zero.A), Quarters(value.B, zero.B), Quarters(value.C, zero.C), Quarters(value.D, zero.D));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Ints AddDot(Ints sum, Ints a, Ints b) =>
        new(AddDot(sum.A, a.A, b.A), AddDot(sum.B, a.B, b.B), AddDot(sum.C, a.C, b.C), AddDot(sum.D, a.D, b.D));

    private static Floats All(F value) => new(value, value, value, value);

    private static Ints All(I value) => new(value, value, value, value);

    // A place p of four bytes each: bytes 4p, 4p + 1, 4p + 2, 4p + 3 of the table.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static F Pick(F group, I index) =>
        AdvSimd.Arm64.VectorTableLookup(group.AsByte(), ((index & Vector128.Create(3u)) * 0x04040404u + Vector128.Create(0x03020100u))
            .AsByte()).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static I Widen(ushort* source) => AdvSimd.ZeroExtendWideningLower(Vector64.Load(source));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static I PickBytes(I groups, I places) => AdvSimd.Arm64.VectorTableLookup(groups.AsByte(), places.AsByte()).AsUInt32();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static I Quarters(I value, I zero) => ((value & Vector128.Create(0x3C3C3C3Cu)).AsByte() - zero.AsByte()).AsUInt32();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static F GridSteps(I grids) =>
        (((grids & Vector128.Create(Int4Grid.StepMask)) << Int4Grid.StepShift) + Vector128.Create(Int4Grid.StepBias)).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static I GridZeros(I grids)
    {
        I zero = grids & Vector128.Create((uint)Int4Grid.MostZero), two = zero | (zero << 8);
        return two | (two << 16);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static I AddDot(I sum, I a, I b)
    {
        if (Dp.IsSupported) return Dp.DotProduct(sum.AsInt32(), a.AsSByte(), b.AsSByte()).AsUInt32();
        Vector128<short> low = AdvSimd.MultiplyWideningLower(a.AsSByte().GetLower(), b.AsSByte().GetLower());
        Vector128<short> high = AdvSimd.MultiplyWideningUpper(a.AsSByte(), b.AsSByte());
        return sum + AdvSimd.Arm64.AddPairwise(AdvSimd.AddPairwiseWidening(low), AdvSimd.AddPairwiseWidening(high)).AsUInt32();
    }

    /// <summary>Sixteen float32.</summary>
    internal readonly struct Floats(F a, F b, F c, F d)
    {
        internal readonly F A = a, B = b, C = c, D = d;
    }

    /// <summary>Sixteen times 32 bits.</summary>
    internal readonly struct Ints(I a, I b, I c, I d)
    {
        internal readonly I A = a, B = b, C = c, D = d;
    }
}
