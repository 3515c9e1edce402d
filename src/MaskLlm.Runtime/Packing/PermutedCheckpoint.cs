using MaskLlm.Architectures;
using MaskLlm.Formats;
using MaskLlm.Formats.Safetensors;
using MaskLlm.Machine;

namespace MaskLlm.Packing;

/// <summary>Copies of Hugging Face folders whose tensors have their rows and columns in another order.</summary>
internal static class PermutedCheckpoint
{
    private const int ChunkBytes = 1 << 20;

    /// <summary>Writes the same files, tensors, types, shapes and header texts with the values in their new places; the folder's other
    /// files are copied, without weights in other formats, subfolders and hidden files.</summary>
    /// <param name="sourceFolder">A Hugging Face folder.</param>
    /// <param name="orders">By the checkpoint's name; tensors without one stay.</param>
    /// <param name="staged">The folder in the making, which the caller puts in place.</param>
    /// <param name="progress">Told the bytes of weights done and the bytes in all.</param>
    /// <param name="cancellation">Stops within some rows.</param>
    /// <exception cref="InvalidDataException">The source has no safetensors weights, or they are incomplete or damaged.</exception>
    internal static void Write(string sourceFolder, IReadOnlyDictionary<string, TensorOrder> orders, StagedFolder staged,
        IProgress<Progress>? progress, CancellationToken cancellation)
    {
        using SafetensorsCheckpoint source = SafetensorsCheckpoint.Open(sourceFolder);
        ByteCount done = new("writing", source.Files.Sum(file => file.InFileOrder.Sum(entry => entry.ByteLength)), progress);
        staged.Fill(() =>
        {
            staged.CopyBesideWeights(sourceFolder, cancellation);
            foreach (SafetensorsFile file in source.Files)
            {
                TensorToWrite[] tensors = [.. file.InFileOrder.Select(entry => new TensorToWrite(
                    entry.Name, entry.Type, entry.Shape, entry.ByteLength,
                    stream => Write(file, entry, OrderOf(source, file, entry, orders), stream, done, cancellation)))];
                SafetensorsWriter.Write(staged.File(Path.GetFileName(file.Path)), tensors, file.Metadata.Count == 0 ? null : file.Metadata);
            }
        });
    }

    // A shard may hold a tensor of the same name that the index does not mean: it is no part of the checkpoint.
    private static TensorOrder? OrderOf(SafetensorsCheckpoint source, SafetensorsFile file, TensorEntry entry,
        IReadOnlyDictionary<string, TensorOrder> orders)
    {
        string name = source.NameOf(entry.Name);
        return source.Tensors.ContainsKey(name) && source.FileOf(name) == file ? orders.GetValueOrDefault(name) : null;
    }

    private static void Write(SafetensorsFile file, TensorEntry entry, TensorOrder? order, Stream stream, ByteCount done,
        CancellationToken cancellation)
    {
        if (order is null)
        {
            Copy(file, entry, stream, done, cancellation);
            return;
        }
        int width = entry.Type.ByteWidth(), columns = (int)entry.Shape[^1];
        byte[] row = new byte[columns * width], taken = new byte[columns * width];
        long rows = entry.ByteLength / row.Length;
        for (long i = 0; i < rows; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            file.Read(entry, (order.Rows?[i] ?? i) * row.Length, row);
            Take(row, order.ColumnsOf(i, rows), width, taken);
            stream.Write(taken);
            done.Add(row.Length);
        }
    }

    private static void Copy(SafetensorsFile file, TensorEntry entry, Stream stream, ByteCount done, CancellationToken cancellation)
    {
        byte[] chunk = new byte[ChunkBytes];
        for (long at = 0; at < entry.ByteLength; at += ChunkBytes)
        {
            cancellation.ThrowIfCancellationRequested();
            Span<byte> part = chunk.AsSpan(0, (int)Math.Min(ChunkBytes, entry.ByteLength - at));
            file.Read(entry, at, part);
            stream.Write(part);
            done.Add(part.Length);
        }
    }

    private static void Take(ReadOnlySpan<byte> row, int[]? columns, int width, Span<byte> taken)
    {
        if (columns is null) row.CopyTo(taken);
        else
            for (int i = 0; i < columns.Length; i++) row.Slice(columns[i] * width, width).CopyTo(taken[(i * width)..]);
    }
}
