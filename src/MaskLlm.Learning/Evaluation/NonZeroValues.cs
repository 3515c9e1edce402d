using System.Numerics;
using System.Runtime.InteropServices;
using MaskLlm.Formats.Safetensors;
using MaskLlm.Masks;

namespace MaskLlm.Evaluation;

/// <summary>The mask that a pruned matrix shows: 1 where the value is not zero, of either sign.</summary>
internal static class NonZeroValues
{
    // Whole bytes of mask bits for every width of element.
    private const int ChunkBytes = 1 << 24;

    /// <summary>The mask of a matrix of a file, or of several that lie one after another.</summary>
    internal static Mask Of(SafetensorsFile file, TensorEntry matrix)
    {
        int rows = (int)matrix.Shape.SkipLast(1).Aggregate((all, size) => all * size), columns = (int)matrix.Shape[^1];
        int width = matrix.Type.ByteWidth();
        byte[] packed = new byte[Mask.PackedLength(rows, columns)];
        for (long at = 0; at < matrix.ByteLength; at += ChunkBytes)
        {
            ReadOnlySpan<byte> chunk = file.Bytes(matrix, at, (int)Math.Min(ChunkBytes, matrix.ByteLength - at));
            if (!FloatBits.AreFinite(chunk, matrix.Type)) throw CheckpointRows.NotFinite(file.Path, matrix.Name);
            Pack(chunk, packed.AsSpan((int)(at / (8 * width))), width, ValueBits(matrix.Type));
        }
        return new Mask(rows, columns, packed);
    }

    private static void Pack(ReadOnlySpan<byte> values, Span<byte> packed, int width, ulong valueBits)
    {
        switch (width)
        {
            case 1: Pack(values, packed, (byte)valueBits); break;
            case 2: Pack(MemoryMarshal.Cast<byte, ushort>(values), packed, (ushort)valueBits); break;
            case 4: Pack(MemoryMarshal.Cast<byte, uint>(values), packed, (uint)valueBits); break;
            default: Pack(MemoryMarshal.Cast<byte, ulong>(values), packed, valueBits); break;
        }
    }

    private static void Pack<T>(ReadOnlySpan<T> values, Span<byte> packed, T valueBits)
        where T : unmanaged, IBinaryInteger<T>
    {
        for (int i = 0; i < values.Length; i++)
        {
            if ((values[i] & valueBits) != T.Zero) packed[i >> 3] |= (byte)(0x80 >> (i & 7));
        }
    }

    // The bits that tell a value from zero: all but the sign of a floating-point number.
    private static ulong ValueBits(TensorType type) => type switch
    {
        TensorType.Float8E4M3 or TensorType.Float8E5M2 => 0x7F,
        TensorType.Float16 or TensorType.BFloat16 => 0x7FFF,
        TensorType.Float32 => 0x7FFF_FFFF,
        TensorType.Float64 => 0x7FFF_FFFF_FFFF_FFFF,
        TensorType.Complex64 => 0x7FFF_FFFF_7FFF_FFFF,
        _ => ulong.MaxValue,
    };
}
