using System.Runtime.InteropServices;
using MaskLlm.Products;

namespace MaskLlm.Tests.Products;

/// <summary>A packed matrix with its memory, and what it was packed from.</summary>
internal sealed unsafe class PackedWeights : IDisposable
{
    private readonly byte* _data;

    private PackedWeights(PackedMatrix shape, float[] values, byte[] kept)
    {
        Values = values;
        Kept = kept;
        _data = (byte*)NativeMemory.AlignedAlloc((nuint)shape.Bytes, 64);
        Matrix = shape with { Data = _data };
        for (int block = 0; block < shape.Blocks; block++)
        {
            int first = block * PackedLayout.BlockRows * shape.Columns,
                count = Math.Min(PackedLayout.BlockRows * shape.Columns, values.Length - first);
            PanelPacking.Pack(values.AsSpan(first, count), kept.Length == 0 ? [] : kept.AsSpan(first, count), shape.Columns, shape.Type, [],
                new Span<byte>(_data + block * shape.BlockBytes, (int)shape.BlockBytes));
        }
    }

    internal PackedMatrix Matrix { get; }

    internal float[] Values { get; }

    internal byte[] Kept { get; }

    internal static PackedWeights Random(int rows, int columns, WeightType type, bool isSparse, int seed)
    {
        Random random = new(seed);
        float[] values = [.. Enumerable.Range(0, rows * columns).Select(_ => (float)(random.NextDouble() - 0.5))];
        byte[] kept = isSparse ? new byte[values.Length] : [];
        for (int group = 0; group < kept.Length / 4; group++)
        {
            int first = random.Next(4), second = (first + 1 + random.Next(3)) % 4;
            kept[4 * group + first] = kept[4 * group + second] = 1;
        }
        return new PackedWeights(new PackedMatrix(rows, columns, type, isSparse), values, kept);
    }

    public void Dispose() => NativeMemory.AlignedFree(_data);
}
