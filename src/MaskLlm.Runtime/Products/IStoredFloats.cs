using System.Runtime.CompilerServices;

namespace MaskLlm.Products;

/// <summary>Pairs of float weights of sixteen rows as they lie in a panel.</summary>
internal unsafe interface IStoredFloats<TFloats, TInts>
{
    /// <summary>Bytes of a pair.</summary>
    static abstract int PairBytes { get; }

    static abstract TFloats First(byte* pair);

    static abstract TFloats Second(byte* pair);
}

/// <summary>float32: sixteen first values, then sixteen second ones.</summary>
internal readonly unsafe struct StoredFloat32<TLanes, TFloats, TInts> : IStoredFloats<TFloats, TInts>
    where TLanes : struct, IRowLanes<TFloats, TInts>
{
    public static int PairBytes => 128;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TFloats First(byte* pair) => TLanes.Load((float*)pair);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TFloats Second(byte* pair) => TLanes.Load((float*)pair + 16);
}

/// <summary>bfloat16: sixteen times the first value in the low and the second in the high half of 32 bits.</summary>
internal readonly unsafe struct StoredBFloat16<TLanes, TFloats, TInts> : IStoredFloats<TFloats, TInts>
    where TLanes : struct, IRowLanes<TFloats, TInts>
{
    public static int PairBytes => 64;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TFloats First(byte* pair) => TLanes.LowBFloat16(TLanes.LoadInts(pair));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TFloats Second(byte* pair) => TLanes.HighBFloat16(TLanes.LoadInts(pair));
}
