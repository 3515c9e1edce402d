using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using MaskLlm.Numerals;

namespace MaskLlm.Formats.Gguf;

/// <summary>float32 values as the bytes of a type, little-endian.</summary>
internal static class GgufValues
{
    /// <summary>Writes whole blocks of values.</summary>
    /// <param name="type">The type.</param>
    /// <param name="values">Finite values, a multiple of <see cref="GgufTypes.BlockValues"/>, none beyond
    /// <see cref="GgufTypes.Largest"/>.</param>
    /// <param name="bytes">Filled: <see cref="GgufTypes.ByteLength"/> of them.</param>
    internal static void Write(GgufType type, ReadOnlySpan<float> values, Span<byte> bytes)
    {
        switch (type)
        {
            case GgufType.Float32: MemoryMarshal.AsBytes(values).CopyTo(bytes); break;
            case GgufType.Float16: TensorPrimitives.ConvertToHalf(values, MemoryMarshal.Cast<byte, Half>(bytes)); break;
            case GgufType.BFloat16: BFloat16Bits.Narrow(values, MemoryMarshal.Cast<byte, ushort>(bytes)); break;
            case GgufType.Q8: WriteBlocks(values, bytes, BlockQ8.Values, BlockQ8.Bytes, BlockQ8.Write); break;
            case GgufType.Q4: WriteBlocks(values, bytes, BlockQ4.Values, BlockQ4.Bytes, BlockQ4.Write); break;
            default: throw new ArgumentException($"{type} is no type of a GGUF file; {GgufTypes.Known} are.");
        }
    }

    private delegate void BlockWriter(ReadOnlySpan<float> values, Span<byte> block);

    private static void WriteBlocks(ReadOnlySpan<float> values, Span<byte> bytes, int blockValues, int blockBytes, BlockWriter write)
    {
        for (int block = 0; block < values.Length / blockValues; block++)
            write(values.Slice(block * blockValues, blockValues), bytes.Slice(block * blockBytes, blockBytes));
    }
}
