using System.Numerics;
using System.Runtime.InteropServices;

namespace MaskLlm.Packing;

/// <summary>Zeros what a mask prunes, in the bytes of floating-point values of any width.</summary>
internal static class PrunedValues
{
    /// <summary>Makes pruned values and negative zeros +0 (sparse kernels take -0 for a kept value).</summary>
    /// <param name="values">Whole little-endian floating-point values, sign in the highest bit.</param>
    /// <param name="packed">Their bits, the first value in the highest bit of the first byte, 1 = kept.</param>
    /// <param name="width">Bytes of a value: 2 or 4.</param>
    internal static void Zero(Span<byte> values, ReadOnlySpan<byte> packed, int width)
    {
        if (width == sizeof(ushort)) Zero(MemoryMarshal.Cast<byte, ushort>(values), packed);
        else Zero(MemoryMarshal.Cast<byte, uint>(values), packed);
    }

    private static void Zero<T>(Span<T> values, ReadOnlySpan<byte> packed)
        where T : unmanaged, IBinaryInteger<T>
    {
        T negativeZero = T.RotateRight(T.One, 1);
        for (int i = 0; i < values.Length; i++)
        {
            bool kept = (packed[i >> 3] & 0x80 >> (i & 7)) != 0;
            if (!kept || values[i] == negativeZero) values[i] = T.Zero;
        }
    }
}
