using System.Buffers.Binary;
using System.Numerics.Tensors;

namespace MaskLlm.Formats.Gguf;

/// <summary>ggml's Q8_0: 32 values as a scale d in F16 and 32 signed bytes q, value = d q.</summary>
internal static class BlockQ8
{
    /// <summary>Values in a block.</summary>
    internal const int Values = 32;

    /// <summary>Bytes of a block: the scale and a byte a value.</summary>
    internal const int Bytes = sizeof(ushort) + Values;

    /// <summary>The largest q.</summary>
    internal const int Levels = 127;

    /// <summary>Writes one block.</summary>
    /// <param name="values">32 finite values.</param>
    /// <param name="block">34 bytes.</param>
    /// <remarks>d = max |x| / 127 and q = x / d, halves away from zero; q comes of d before it is rounded to F16, as in ggml.</remarks>
    internal static void Write(ReadOnlySpan<float> values, Span<byte> block)
    {
        float scale = Math.Abs(TensorPrimitives.MaxMagnitude(values)) / Levels;
        float inverse = BlockScale.Inverse(scale);
        BinaryPrimitives.WriteHalfLittleEndian(block, (Half)scale);
        for (int i = 0; i < Values; i++)
            block[sizeof(ushort) + i] = (byte)(sbyte)MathF.Round(values[i] * inverse, MidpointRounding.AwayFromZero);
    }
}
