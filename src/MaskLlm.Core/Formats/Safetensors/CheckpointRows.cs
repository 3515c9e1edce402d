using System.Buffers;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using MaskLlm.Numerals;

namespace MaskLlm.Formats.Safetensors;

/// <summary>Reads stretches of a checkpoint's tensors as float32, without libtorch.</summary>
internal static class CheckpointRows
{
    /// <summary>Reads values from a position on, as they are.</summary>
    /// <param name="file">The checkpoint.</param>
    /// <param name="entry">A tensor of it in float32, bfloat16 or float16.</param>
    /// <param name="first">The first value, counted row-major.</param>
    /// <param name="target">Takes them.</param>
    internal static void Read(SafetensorsCheckpoint file, TensorEntry entry, long first, Span<float> target)
    {
        int width = entry.Type.ByteWidth();
        if (entry.Type == TensorType.Float32)
        {
            file.Read(entry.Name, first * width, MemoryMarshal.AsBytes(target));
            return;
        }
        byte[] rented = ArrayPool<byte>.Shared.Rent(target.Length * width);
        Span<byte> bytes = rented.AsSpan(0, target.Length * width);
        file.Read(entry.Name, first * width, bytes);
        switch (entry.Type)
        {
            case TensorType.Float16: TensorPrimitives.ConvertToSingle(MemoryMarshal.Cast<byte, Half>(bytes), target); break;
            default: BFloat16Bits.Widen(MemoryMarshal.Cast<byte, ushort>(bytes), target); break;
        }
        ArrayPool<byte>.Shared.Return(rented);
    }

    /// <summary>The same, where every value must be finite.</summary>
    /// <exception cref="InvalidDataException">One is not.</exception>
    internal static void ReadFinite(SafetensorsCheckpoint file, TensorEntry entry, long first, Span<float> target)
    {
        Read(file, entry, first, target);
        if (!TensorPrimitives.IsFiniteAll<float>(target)) throw NotFinite(file.Folder, entry.Name);
    }

    internal static InvalidDataException NotFinite(string folder, string name, string where = "") =>
        new($"{folder}: {name} holds NaN or infinite values{where}; the checkpoint is damaged, get it again.");
}
