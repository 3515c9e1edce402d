using MaskLlm.Distributed;
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

    /// <summary>The same of tensors that ranks have parts of: the first writes, the others give theirs. All ranks call it.</summary>
    internal static void SaveChecked(string path, IEnumerable<StateTensor> tensors, IReadOnlyDictionary<string, string> metadata,
        Ranks ranks)
    {
        // The order in which the writer asks for them.
        StateTensor[] ordered = [.. tensors.OrderByDescending(tensor => tensor.Value.ElementSize)];
        if (ranks.IsFirst)
            SafetensorsWriter.WriteChecked(path, [.. ordered.Select(tensor => new TensorToWrite(tensor.Name, TypeOf(tensor.Value),
                [.. tensor.Shape], tensor.Shape.Aggregate(tensor.Value.ElementSize, (bytes, size) => bytes * size), stream =>
                {
                    using DisposeScope scope = NewDisposeScope();
                    WriteOne(tensor.Gather(ranks)!, stream);
                }))], metadata);
        else
            foreach (StateTensor tensor in ordered) tensor.Gather(ranks);
    }

    /// <summary>Copies tensors of a file into tensors of the same names, types and shapes.</summary>
    /// <exception cref="InvalidDataException">A tensor is missing or has another type or shape.</exception>
    internal static void Load(SafetensorsFile file, IEnumerable<(string Name, Tensor Value)> tensors) =>
        Load(file, tensors.Select(tensor => new StateTensor(tensor.Name, tensor.Value, tensor.Value.shape, null)), Ranks.Alone);

    /// <summary>The same into tensors that ranks have parts of, from the first rank's file. All ranks call it.</summary>
    /// <param name="file">Null but in the first rank.</param>
    /// <param name="tensors">Of this rank.</param>
    /// <param name="ranks">All.</param>
    internal static void Load(SafetensorsFile? file, IEnumerable<StateTensor> tensors, Ranks ranks)
    {
        using IDisposable noGradient = no_grad();
        foreach (StateTensor tensor in tensors)
        {
            using DisposeScope scope = NewDisposeScope();
            Tensor whole = file is null ? empty(tensor.Shape, tensor.Value.dtype) : Read(file, tensor);
            RankTensors.Broadcast(ranks, whole);
            tensor.Take(whole, ranks.Rank);
        }
    }

    private static Tensor Read(SafetensorsFile file, StateTensor tensor)
    {
        if (!file.Tensors.TryGetValue(tensor.Name, out TensorEntry? entry) || entry.Type != TypeOf(tensor.Value)
            || !entry.Shape.SequenceEqual(tensor.Shape))
            throw new InvalidDataException(
                $"{file.Path}: no {tensor.Name} of shape ({string.Join(", ", tensor.Shape)}); the checkpoint belongs to another run.");
        return TensorBytes.Read(entry, (offset, target) => file.Read(entry, offset, target));
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
