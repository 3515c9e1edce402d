using System.Runtime.ExceptionServices;
using MaskLlm.Formats.Safetensors;
using MaskLlm.Machine;
using MaskLlm.Products;

namespace MaskLlm.Packing;

/// <summary>Reads some rows of a matrix.</summary>
/// <param name="firstRow">The first of them.</param>
/// <param name="values">Takes (rows, I).</param>
/// <param name="kept">Takes 1 where a weight is kept; empty for a dense matrix.</param>
/// <returns>The grids of int4 that the rows lie on; empty for those that fit best.</returns>
internal delegate Int4Grid[] ReadRows(int firstRow, Span<float> values, Span<byte> kept);

/// <summary>Packs a matrix into a file, some blocks of rows at a time on all processors.</summary>
internal static class MatrixWriter
{
    private const int ChunkBytes = 4 << 20;

    internal static TensorToWrite ToWrite(string name, PackedMatrix shape, ReadRows read, ByteCount done, CancellationToken stop) =>
        new(name, TensorType.UInt8, [shape.Blocks, shape.Panels, shape.PanelBytes], shape.Bytes, stream =>
            Write(stream, shape, read, done, stop));

    private static void Write(Stream stream, PackedMatrix shape, ReadRows read, ByteCount done, CancellationToken stop)
    {
        int blockBytes = checked((int)shape.BlockBytes), atOnce = Math.Max(1, ChunkBytes / blockBytes);
        byte[] chunk = new byte[atOnce * blockBytes];
        for (int block = 0; block < shape.Blocks; block += atOnce)
        {
            stop.ThrowIfCancellationRequested();
            int first = block, count = Math.Min(atOnce, shape.Blocks - block);
            try
            {
                Parallel.For(0, count, i => PackBlock(shape, first + i, read, chunk.AsSpan(i * blockBytes, blockBytes)));
            }
            catch (AggregateException e)
            {
                // What is wrong with one block is what is wrong with the file.
                ExceptionDispatchInfo.Throw(e.InnerExceptions[0]);
            }
            stream.Write(chunk, 0, count * blockBytes);
            done.Add((long)count * blockBytes);
        }
    }

    private static void PackBlock(PackedMatrix shape, int block, ReadRows read, Span<byte> target)
    {
        int firstRow = block * PackedLayout.BlockRows, rows = Math.Min(PackedLayout.BlockRows, shape.Rows - firstRow);
        float[] values = new float[rows * shape.Columns];
        byte[] kept = shape.IsSparse ? new byte[values.Length] : [];
        Int4Grid[] grids = read(firstRow, values, kept);
        PanelPacking.Pack(values, kept, shape.Columns, shape.Type, grids, target);
    }
}
