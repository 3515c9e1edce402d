using MaskLlm.Formats.Safetensors;
using TorchSharp;
using static TorchSharp.torch;

namespace MaskLlm.Models;

/// <summary>Named tensors to a safetensors file and back into tensors that exist: the state of a run.</summary>
internal static class TensorState
{
    /// <summary>What to do with a damaged file of a run's checkpoint: the end of a sentence.</summary>
    /// <param name="checkpointFolder">The folder of the checkpoint's files.</param>
    internal static string Remedy(string checkpointFolder) =>
        $"remove the folder {checkpointFolder}, which loses the run's steps, and start again";

    /// <summary>
    /// Writes the tensors in the type that they have, as a checkpoint that every loader reads; the file is whole or not there.
    /// </summary>
    internal static void Save(string path, IEnumerable<(string Name, Tensor Value)> tensors,
        IReadOnlyDictionary<string, string> metadata) =>
        SafetensorsWriter.Write(path, Entries(tensors), metadata);

    /// <summary>The same for a file that only this program reads, with a checksum.</summary>
    internal static void SaveChecked(string path, IEnumerable<(string Name, Tensor Value)> tensors,
        IReadOnlyDictionary<string, string> metadata) =>
        SafetensorsWriter.WriteChecked(path, Entries(tensors), metadata);

    /// <summary>Copies tensors of a file into tensors of the same names, types and shapes.</summary>
    /// <exception cref="InvalidDataException">A tensor is missing or has another type or shape.</exception>
    internal static void Load(SafetensorsFile file, IEnumerable<(string Name, Tensor Value)> tensors)
    {
        using IDisposable noGradient = no_grad();
        foreach ((string name, Tensor value) in tensors)
        {
            if (!file.Tensors.TryGetValue(name, out TensorEntry? entry) || entry.Type != TypeOf(value)
                || !entry.Shape.SequenceEqual(value.shape))
                throw new InvalidDataException(
                    $"{file.Path}: no {name} of shape ({string.Join(", ", value.shape)}); the checkpoint belongs to another run.");
            using Tensor read = TensorBytes.Read(entry, (offset, target) => file.Read(entry, offset, target));
            value.copy_(read);
        }
    }

    private static List<TensorToWrite> Entries(IEnumerable<(string Name, Tensor Value)> tensors) =>
        [.. tensors.Select(pair => new TensorToWrite(
        pair.Name, TypeOf(pair.Value), [.. pair.Value.shape], pair.Value.NumberOfElements * pair.Value.ElementSize,
        stream => WriteOne(pair.Value, stream)))];

    private static void WriteOne(Tensor value, Stream stream)
    {
        using DisposeScope scope = NewDisposeScope();
        TensorBytes.Write(value.detach().cpu().contiguous(), stream);
    }

    private static TensorType TypeOf(Tensor tensor) => tensor.dtype switch
    {
        ScalarType.Float32 => TensorType.Float32,
        ScalarType.BFloat16 => TensorType.BFloat16,
        ScalarType.Float16 => TensorType.Float16,
        ScalarType.Byte => TensorType.UInt8,
        _ => throw new NotSupportedException($"tensors of type {tensor.dtype} are not saved."),
    };
}
