namespace MaskLlm.Numerals;

/// <summary>bfloat16 as its 16 bits.</summary>
internal static class BFloat16Bits
{
    /// <summary>The largest magnitude that does not become infinite.</summary>
    internal const float Largest = 3.3961773e38f;

    /// <summary>To the nearest, ties to even. Finite values only.</summary>
    internal static ushort Narrow(float value)
    {
        uint bits = BitConverter.SingleToUInt32Bits(value);
        return (ushort)((bits + 0x7FFF + (bits >> 16 & 1)) >> 16);
    }

    /// <summary>All of them, to the nearest, ties to even.</summary>
    internal static void Narrow(ReadOnlySpan<float> source, Span<ushort> target)
    {
        for (int i = 0; i < source.Length; i++) target[i] = Narrow(source[i]);
    }

    /// <summary>All of them, exact.</summary>
    internal static void Widen(ReadOnlySpan<ushort> source, Span<float> target)
    {
        for (int i = 0; i < source.Length; i++) target[i] = Widen(source[i]);
    }

    internal static float Widen(ushort bits) => BitConverter.UInt32BitsToSingle((uint)bits << 16);
}
