using System.Buffers.Binary;
using System.Numerics.Tensors;

namespace MaskLlm.Formats.Gguf;

/// <summary>ggml's Q4_0: 32 values as a scale d in F16 and 32 nibbles q, value = d (q - 8).</summary>
internal static class BlockQ4
{
    /// <summary>Values in a block.</summary>
    internal const int Values = 32;

    /// <summary>Bytes of a block: the scale and half a byte a value.</summary>
    internal const int Bytes = sizeof(ushort) + Values / 2;

    /// <summary>The largest |q - 8|.</summary>
    internal const int Levels = 8;

    private const int LargestNibble = 15, HalfBlock = Values / 2;

    /// <summary>Writes one block: the low nibbles are the first 16 values, the high ones the last 16.</summary>
    /// <param name="values">32 finite values.</param>
    /// <param name="block">18 bytes.</param>
    /// <remarks>
    /// d = m / -8 with m the value of largest magnitude, the first of equals, so that m itself is q = 0. q = x / d + 8.5
    /// without its fraction, at most 15; it comes of d before d is rounded to F16, as in ggml.
    /// </remarks>
    internal static void Write(ReadOnlySpan<float> values, Span<byte> block)
    {
        float scale = values[FirstOfLargestMagnitude(values)] / -Levels;
        float inverse = BlockScale.Inverse(scale);
        BinaryPrimitives.WriteHalfLittleEndian(block, (Half)scale);
        for (int i = 0; i < HalfBlock; i++)
            block[sizeof(ushort) + i] = (byte)(Nibble(values[i], inverse) | Nibble(values[HalfBlock + i], inverse) << 4);
    }

    private static int Nibble(float value, float inverse) => Math.Min(LargestNibble, (int)(value * inverse + (Levels + 0.5f)));

    // TensorPrimitives.IndexOfMaxMagnitude takes +x for larger than -x.
    private static int FirstOfLargestMagnitude(ReadOnlySpan<float> values)
    {
        float largest = Math.Abs(TensorPrimitives.MaxMagnitude(values));
        int first = values.IndexOfAny(largest, -largest);
        return Math.Max(first, 0);
    }
}
