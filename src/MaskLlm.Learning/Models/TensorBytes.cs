using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using MaskLlm.Formats.Safetensors;
using TorchSharp;
using static TorchSharp.torch;

namespace MaskLlm.Models;

/// <summary>The only code that touches the memory of tensors: CPU, contiguous, without a copy.</summary>
internal static class TensorBytes
{
    // Tensor.bytes ends at 2 GB; slices of this many bytes do not.
    private const int SliceBytes = 1 << 30;

    /// <summary>The values of a contiguous float32 tensor on the CPU, at most 2^31 - 1 of them.</summary>
    internal static unsafe Span<float> Floats(Tensor tensor)
    {
        Check(tensor, ScalarType.Float32);
        return new Span<float>(Address(tensor), checked((int)tensor.NumberOfElements));
    }

    /// <summary>The values of a contiguous int64 tensor on the CPU.</summary>
    internal static unsafe Span<long> Longs(Tensor tensor)
    {
        Check(tensor, ScalarType.Int64);
        return new Span<long>(Address(tensor), checked((int)tensor.NumberOfElements));
    }

    /// <summary>The values of a contiguous tensor of bytes on the CPU.</summary>
    internal static unsafe Span<byte> Bytes(Tensor tensor)
    {
        Check(tensor, ScalarType.Byte);
        return new Span<byte>(Address(tensor), checked((int)tensor.NumberOfElements));
    }

    /// <summary>A new CPU tensor that holds a tensor of a checkpoint in the type of the file.</summary>
    /// <param name="entry">Name, type and shape.</param>
    /// <param name="read">Copies bytes of the tensor from an offset on, as <see cref="SafetensorsFile"/> does.</param>
    internal static unsafe Tensor Read(TensorEntry entry, Action<long, Span<byte>> read)
    {
        Tensor tensor = empty(entry.Shape.ToArray(), TypeOf(entry));
        byte* target = (byte*)Address(tensor);
        for (long at = 0; at < entry.ByteLength; at += SliceBytes)
        {
            int length = (int)Math.Min(SliceBytes, entry.ByteLength - at);
            read(at, new Span<byte>(target + at, length));
        }
        return tensor;
    }

    /// <summary>Writes the raw bytes of a contiguous CPU tensor.</summary>
    internal static unsafe void Write(Tensor tensor, Stream stream)
    {
        byte* source = (byte*)Address(tensor);
        long total = tensor.NumberOfElements * tensor.ElementSize;
        for (long at = 0; at < total; at += SliceBytes)
            stream.Write(new ReadOnlySpan<byte>(source + at, (int)Math.Min(SliceBytes, total - at)));
        GC.KeepAlive(tensor);
    }

    /// <summary>Fills a contiguous CPU tensor with the raw bytes that a stream has next.</summary>
    /// <exception cref="EndOfStreamException">It ends too early.</exception>
    internal static unsafe void Fill(Tensor tensor, Stream stream)
    {
        byte* target = (byte*)Address(tensor);
        long total = tensor.NumberOfElements * tensor.ElementSize;
        for (long at = 0; at < total; at += SliceBytes)
            stream.ReadExactly(new Span<byte>(target + at, (int)Math.Min(SliceBytes, total - at)));
        GC.KeepAlive(tensor);
    }

    /// <summary>Where the values of a contiguous CPU tensor lie; valid while the tensor lives. Null for an empty one.</summary>
    internal static unsafe void* Address(Tensor tensor)
    {
        if (tensor.device_type != DeviceType.CPU || !tensor.is_contiguous())
            throw new ArgumentException($"a contiguous tensor on the CPU is needed, found {tensor.device_type}.");
        if (tensor.NumberOfElements == 0) return null;
        // A one-element view keeps Tensor.bytes within its limit whatever the size of the tensor.
        // Both are disposed here: threads have no scope, and a view keeps all of the memory.
        using Tensor flat = tensor.view(-1), first = flat.narrow(0, 0, 1);
        return Unsafe.AsPointer(ref MemoryMarshal.GetReference(first.bytes));
    }

    private static void Check(Tensor tensor, ScalarType type)
    {
        if (tensor.dtype != type || tensor.device_type != DeviceType.CPU || !tensor.is_contiguous())
            throw new ArgumentException($"a contiguous {type} tensor on the CPU is needed, found {tensor.dtype} on {tensor.device_type}.");
    }

    /// <summary>The type of a tensor of a file.</summary>
    internal static ScalarType TypeOf(TensorEntry entry) => entry.Type switch
    {
        TensorType.Float32 => ScalarType.Float32,
        TensorType.BFloat16 => ScalarType.BFloat16,
        TensorType.Float16 => ScalarType.Float16,
        TensorType.Int64 => ScalarType.Int64,
        TensorType.UInt8 => ScalarType.Byte,
        _ => throw new NotSupportedException(
            $"{entry.Name}: type {entry.Type} is not one that weights can have here; float32, bfloat16 and float16 are."),
    };
}
