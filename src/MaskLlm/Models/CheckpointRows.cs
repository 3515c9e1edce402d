using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using MaskLlm.Formats.Safetensors;
using MaskLlm.Kernels.Products;

namespace MaskLlm.Runtime;

/// <summary>Reads rows of a checkpoint's tensors as float32.</summary>
internal static class CheckpointRows
{
    /// <summary>Finds a tensor of a shape.</summary>
    /// <exception cref="InvalidDataException">It is missing or of another shape.</exception>
    /// <exception cref="NotSupportedException">It is of another type than F32, BF16 and F16.</exception>
    internal static TensorEntry Require(SafetensorsCheckpoint file, string name, params long[] shape)
    {
        if (!file.Tensors.TryGetValue(name, out TensorEntry? entry))
            throw new InvalidDataException($"{file.Folder}: {name} is missing, which config.json asks for; is the checkpoint complete?");
        if (!entry.Shape.SequenceEqual(shape))
            throw new InvalidDataException($"{file.Folder}: {name} has shape ({string.Join(", ", entry.Shape)}); config.json gives ({string.Join(", ", shape)}).");
        if (entry.Type is not (TensorType.Float32 or TensorType.BFloat16 or TensorType.Float16))
            throw new NotSupportedException(
                $"{file.Folder}: {name} is of type {entry.Type.Spelling()}; weights in F32, BF16 and F16 can be read. Take the unquantised checkpoint, or save it in one of these.");
        return entry;
    }

    /// <summary>Reads values from a position on.</summary>
    /// <exception cref="InvalidDataException">One is NaN or infinite.</exception>
    internal static void Read(SafetensorsCheckpoint file, TensorEntry entry, long first, Span<float> target)
    {
        int width = entry.Type.ByteWidth();
        ReadOnlySpan<byte> bytes = file.Bytes(entry.Name, first * width, target.Length * width);
        switch (entry.Type)
        {
            case TensorType.Float32:
                MemoryMarshal.Cast<byte, float>(bytes).CopyTo(target);
                break;
            case TensorType.Float16:
                TensorPrimitives.ConvertToSingle(MemoryMarshal.Cast<byte, Half>(bytes), target);
                break;
            default:
                ReadOnlySpan<ushort> words = MemoryMarshal.Cast<byte, ushort>(bytes);
                for (int i = 0; i < words.Length; i++) target[i] = BFloat16Bits.Widen(words[i]);
                break;
        }
        if (!TensorPrimitives.IsFiniteAll<float>(target))
            throw new InvalidDataException($"{file.Folder}: {entry.Name} holds NaN or infinite values; the checkpoint is damaged, get it again.");
    }
}
