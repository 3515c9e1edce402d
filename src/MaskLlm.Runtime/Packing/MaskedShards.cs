using MaskLlm.Architectures;
using MaskLlm.Formats.Safetensors;
using MaskLlm.Machine;
using MaskLlm.Masks;

namespace MaskLlm.Packing;

/// <summary>Writes the safetensors files of a checkpoint again with masked weights, a chunk at a time.</summary>
internal sealed class MaskedShards(
    SafetensorsCheckpoint source, IReadOnlyDictionary<string, Mask> masks, IReadOnlyDictionary<string, SafetensorsFile>? updated,
    IReadOnlyDictionary<string, StoredLayout> layouts, IProgress<Progress>? progress, CancellationToken cancellation)
{
    // Whole bytes of mask bits for every width of element.
    private const int ChunkBytes = 1 << 20;

    private readonly byte[] _chunk = new byte[ChunkBytes];
    private readonly ByteCount _done =
        new("writing", source.Files.Sum(file => file.InFileOrder.Sum(entry => entry.ByteLength)), progress);

    /// <summary>Writes one file of the checkpoint to a path.</summary>
    internal void Write(SafetensorsFile file, string path)
    {
        TensorToWrite[] tensors = [.. file.InFileOrder.Select(entry =>
            new TensorToWrite(entry.Name, entry.Type, entry.Shape, entry.ByteLength, stream => WriteTensor(file, entry, stream)))];
        SafetensorsWriter.Write(path, tensors, file.Metadata.Count == 0 ? null : file.Metadata);
    }

    private void WriteTensor(SafetensorsFile file, TensorEntry entry, Stream stream)
    {
        string name = source.NameOf(entry.Name);
        // A shard may hold a tensor of the same name that the index does not mean: it is no part of the checkpoint.
        bool isPart = source.Tensors.ContainsKey(name) && source.FileOf(name) == file;
        Mask? mask = isPart ? masks.GetValueOrDefault(name) : null;
        StoredLayout layout = mask is null ? new(false, 1) : MaskedCheckpoint.LayoutOf(layouts, name);
        if (mask is not null) mask = layout.Turn(mask);
        int width = entry.Type.ByteWidth();
        (SafetensorsFile values, TensorEntry valuesEntry) = isPart && updated?.GetValueOrDefault(name) is { } other
            ? (other, other.Tensors[name]) : (file, entry);
        // New weights come (outputs, inputs), as masks do.
        byte[]? turned = layout.IsTransposed && values != file
            ? Turned(values.Bytes(valuesEntry), layout.Parts, (int)entry.Shape[^2], (int)entry.Shape[^1], width) : null;
        for (long at = 0; at < entry.ByteLength; at += ChunkBytes)
        {
            cancellation.ThrowIfCancellationRequested();
            Span<byte> chunk = _chunk.AsSpan(0, (int)Math.Min(ChunkBytes, entry.ByteLength - at));
            if (turned is not null) turned.AsSpan((int)at, chunk.Length).CopyTo(chunk);
            else values.Read(valuesEntry, at, chunk);
            if (isPart && !FloatBits.AreFinite(chunk, entry.Type)) throw CheckpointRows.NotFinite(source.Folder, entry.Name);
            if (mask is not null) PrunedValues.Zero(chunk, mask.Packed[(int)(at / (8 * width))..], width);
            stream.Write(chunk);
            _done.Add(chunk.Length);
        }
    }

    private static byte[] Turned(ReadOnlySpan<byte> values, int parts, int rows, int columns, int width)
    {
        byte[] turned = new byte[values.Length];
        for (int first = 0; first < parts * rows * columns; first += rows * columns)
            for (int row = 0; row < rows; row++)
                for (int column = 0; column < columns; column++)
                    values.Slice((first + column * rows + row) * width, width)
                        .CopyTo(turned.AsSpan((first + row * columns + column) * width));
        return turned;
    }
}
