using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using MaskLlm.Formats.Safetensors;
using MaskLlm.Kernels;

namespace MaskLlm.Models;

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
        ReadOnlySpan<byte> bytes = file.Bytes(entry.Name, first * width, target.Length * width);
        switch (entry.Type)
        {
            case TensorType.Float32: MemoryMarshal.Cast<byte, float>(bytes).CopyTo(target); break;
            case TensorType.Float16: TensorPrimitives.ConvertToSingle(MemoryMarshal.Cast<byte, Half>(bytes), target); break;
            default: BFloat16Bits.Widen(MemoryMarshal.Cast<byte, ushort>(bytes), target); break;
        }
    }

    /// <summary>The same, where every value must be finite.</summary>
    /// <exception cref="InvalidDataException">One is not.</exception>
    internal static void ReadFinite(SafetensorsCheckpoint file, TensorEntry entry, long first, Span<float> target)
    {
        Read(file, entry, first, target);
        if (!TensorPrimitives.IsFiniteAll<float>(target)) throw Checkpoint.NotFinite(file.Folder, entry.Name);
    }
}
