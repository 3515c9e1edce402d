using System.Runtime.CompilerServices;

namespace MaskLlm.Products;

/// <summary>Fours of integer weights of sixteen rows as they lie in a panel, two fours at a time.</summary>
internal unsafe interface IStoredIntegers<TFloats, TInts>
{
    /// <summary>Bytes of two fours.</summary>
    static abstract int TwoFoursBytes { get; }

    static abstract TInts First(byte* twoFours);

    static abstract TInts Second(byte* twoFours);
}

/// <summary>int8: sixteen times the first four, then sixteen times the second.</summary>
internal readonly unsafe struct StoredInt8<TLanes, TFloats, TInts> : IStoredIntegers<TFloats, TInts>
    where TLanes : struct, IRowLanes<TFloats, TInts>
{
    public static int TwoFoursBytes => 128;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TInts First(byte* twoFours) => TLanes.LoadInts(twoFours);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TInts Second(byte* twoFours) => TLanes.LoadInts(twoFours + 64);
}

/// <summary>int4: the first four in the low nibbles, the second in the high ones.</summary>
internal readonly unsafe struct StoredInt4<TLanes, TFloats, TInts> : IStoredIntegers<TFloats, TInts>
    where TLanes : struct, IRowLanes<TFloats, TInts>
{
    public static int TwoFoursBytes => 64;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TInts First(byte* twoFours) => TLanes.LowNibbles(TLanes.LoadInts(twoFours));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TInts Second(byte* twoFours) => TLanes.LowNibbles(TLanes.ShiftRight(TLanes.LoadInts(twoFours), 4));
}
