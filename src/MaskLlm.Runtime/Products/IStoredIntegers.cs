using System.Runtime.CompilerServices;

namespace MaskLlm.Products;

/// <summary>Fours of integer weights of sixteen rows as they lie in a panel, two fours at a time.</summary>
internal unsafe interface IStoredIntegers<TFloats, TInts>
{
    /// <summary>Bytes of two fours.</summary>
    static abstract int TwoFoursBytes { get; }

    /// <summary>Scales of a row in a panel: 1 or 2.</summary>
    static abstract int Scales { get; }

    /// <summary>What integers count.</summary>
    static abstract TFloats Scale(byte* scales);

    /// <summary>What is taken from integers, in every byte.</summary>
    static abstract TInts Zero(byte* scales);

    static abstract TInts First(byte* twoFours, TInts zero);

    static abstract TInts Second(byte* twoFours, TInts zero);
}

/// <summary>int8: sixteen times the first four, then sixteen times the second.</summary>
internal readonly unsafe struct StoredInt8<TLanes, TFloats, TInts> : IStoredIntegers<TFloats, TInts>
    where TLanes : struct, IRowLanes<TFloats, TInts>
{
    public static int TwoFoursBytes => 128;

    public static int Scales => 1;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TFloats Scale(byte* scales) => TLanes.LowBFloat16(TLanes.LoadWords(scales));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TInts Zero(byte* scales) => TLanes.ZeroInts;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TInts First(byte* twoFours, TInts zero) => TLanes.LoadInts(twoFours);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TInts Second(byte* twoFours, TInts zero) => TLanes.LoadInts(twoFours + 64);
}

/// <summary>int4: the first four in the low nibbles, the second in the high ones; <see cref="Int4Grid"/>.</summary>
internal readonly unsafe struct StoredInt4<TLanes, TFloats, TInts> : IStoredIntegers<TFloats, TInts>
    where TLanes : struct, IRowLanes<TFloats, TInts>
{
    public static int TwoFoursBytes => 64;

    public static int Scales => 2;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TFloats Scale(byte* scales) => TLanes.GridSteps(TLanes.LoadWords(scales));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TInts Zero(byte* scales) => TLanes.GridZeros(TLanes.LoadWords(scales));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TInts First(byte* twoFours, TInts zero) => TLanes.Quarters(TLanes.ShiftLeft(TLanes.LoadInts(twoFours), 2), zero);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TInts Second(byte* twoFours, TInts zero) => TLanes.Quarters(TLanes.ShiftRight(TLanes.LoadInts(twoFours), 2), zero);
}
