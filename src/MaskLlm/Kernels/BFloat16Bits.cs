namespace MaskLlm.Kernels.Products;

/// <summary>bfloat16 as its 16 bits.</summary>
internal static class BFloat16Bits
{
    /// <summary>To the nearest, ties to even. Finite values only.</summary>
    internal static ushort Narrow(float value)
    {
        uint bits = BitConverter.SingleToUInt32Bits(value);
        return (ushort)((bits + 0x7FFF + (bits >> 16 & 1)) >> 16);
    }

    internal static float Widen(ushort bits) => BitConverter.UInt32BitsToSingle((uint)bits << 16);
}
