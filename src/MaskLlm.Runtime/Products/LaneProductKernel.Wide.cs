using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace MaskLlm.Products;

/// <summary>
/// Many tokens, float weights: here a lane is a token, 64 at a time. A weight is one broadcast and as many products as there are tokens, so
/// that a 2:4 row costs half of a dense one and no shuffle. Weights are widened panel by panel into a buffer that the first cache holds.
/// </summary>
internal sealed unsafe partial class LaneProductKernel<TLanes, TFloats, TInts>
{
    // The activations of a panel, 16 KB, serve so many blocks of rows while they are in the first cache.
    private const int BlocksAtOnce = 8, WideTokens = ProductInput.WideTokens, BlockRows = PackedLayout.BlockRows;

    private static void MultiplyWide(in PackedMatrix weights, int firstBlock, int endBlock, in ProductInput input, int tile, float* output,
        int stride)
    {
        float* sums = stackalloc float[BlocksAtOnce * BlockRows * WideTokens], values = stackalloc float[BlockRows * PanelColumns];
        uint* offsets = stackalloc uint[BlockRows * PanelColumns / 2];
        float* x = input.Values + (long)tile * WideTokens * input.Columns;
        for (int block = firstBlock; block < endBlock; block += BlocksAtOnce)
        {
            int count = Math.Min(BlocksAtOnce, endBlock - block);
            new Span<float>(sums, count * BlockRows * WideTokens).Clear();
            for (int panel = 0; panel < weights.Panels; panel++)
                for (int i = 0; i < count; i++)
                {
                    byte* packed = weights.Data + (block + i) * weights.BlockBytes + (long)panel * weights.PanelBytes;
                    AddPanel(weights, packed, x + (long)panel * PanelColumns * WideTokens, values, offsets, sums
                        + i * BlockRows * WideTokens);
                }
            StoreTurned(sums, count * BlockRows, output + (long)tile * WideTokens * stride + (long)block * BlockRows, stride);
        }
    }

    private static void AddPanel(in PackedMatrix weights, byte* packed, float* x, float* values, uint* offsets, float* sums)
    {
        if (weights.IsSparse) WriteOffsets((uint*)packed, offsets);
        byte* stored = packed + PackedLayout.ValuesAt(weights.Type, weights.IsSparse);
        int count = weights.IsSparse ? PanelColumns / 2 : PanelColumns;
        if (weights.Type == WeightType.Float32) values = (float*)stored;
        else Widen(stored, count, values);
        for (int row = 0; row < BlockRows; row++, sums += WideTokens)
        {
            if (weights.IsSparse) AddSparseRow(values + row, offsets + row, x, sums);
            else AddDenseRow(values + row, x, sums);
        }
    }

    // (kept, 16 rows) bytes from the panel's first activation to those of the kept column.
    private static void WriteOffsets(uint* indices, uint* offsets)
    {
        const uint columnBytes = WideTokens * sizeof(float);
        for (int half = 0; half < 2; half++, indices += BlockRows)
        {
            Vector256<uint> low = Vector256.Load(indices), high = Vector256.Load(indices + 8);
            for (int value = 0; value < 16; value++, offsets += BlockRows)
            {
                Vector256<uint> place = Vector256.Create(3u), first = Vector256.Create((uint)(half * 8 + value / 2) * 4 * columnBytes);
                ((low & place) * columnBytes + first).Store(offsets);
                ((high & place) * columnBytes + first).Store(offsets + 8);
                (low, high) = (low >> 2, high >> 2);
            }
        }
    }

    private static void Widen(byte* stored, int count, float* values)
    {
        for (int i = 0; i < count; i += 2, stored += StoredBFloat16<TLanes, TFloats, TInts>.PairBytes, values += 2 * BlockRows)
        {
            TLanes.Store(StoredBFloat16<TLanes, TFloats, TInts>.First(stored), values);
            TLanes.Store(StoredBFloat16<TLanes, TFloats, TInts>.Second(stored), values + BlockRows);
        }
    }

    private static void AddSparseRow(float* values, uint* offsets, float* x, float* sums)
    {
        TFloats a = TLanes.Load(sums), b = TLanes.Load(sums + 16), c = TLanes.Load(sums + 32), d = TLanes.Load(sums + 48);
        for (int kept = 0; kept < PanelColumns / 2; kept++, values += BlockRows, offsets += BlockRows)
            AddColumn(TLanes.Broadcast(*values), (float*)((byte*)x + *offsets), ref a, ref b, ref c, ref d);
        StoreSums(a, b, c, d, sums);
    }

    private static void AddDenseRow(float* values, float* x, float* sums)
    {
        TFloats a = TLanes.Load(sums), b = TLanes.Load(sums + 16), c = TLanes.Load(sums + 32), d = TLanes.Load(sums + 48);
        for (int column = 0; column < PanelColumns; column++, values += BlockRows, x += WideTokens)
            AddColumn(TLanes.Broadcast(*values), x, ref a, ref b, ref c, ref d);
        StoreSums(a, b, c, d, sums);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void AddColumn(TFloats weight, float* x, ref TFloats a, ref TFloats b, ref TFloats c, ref TFloats d)
    {
        a = TLanes.MultiplyAdd(weight, TLanes.Load(x), a);
        b = TLanes.MultiplyAdd(weight, TLanes.Load(x + 16), b);
        c = TLanes.MultiplyAdd(weight, TLanes.Load(x + 32), c);
        d = TLanes.MultiplyAdd(weight, TLanes.Load(x + 48), d);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void StoreSums(TFloats a, TFloats b, TFloats c, TFloats d, float* sums)
    {
        TLanes.Store(a, sums);
        TLanes.Store(b, sums + 16);
        TLanes.Store(c, sums + 32);
        TLanes.Store(d, sums + 48);
    }

    // (rows, 64 tokens) to (64 tokens, stride).
    private static void StoreTurned(float* sums, int rows, float* output, int stride)
    {
        for (int token = 0; token < WideTokens; token++, output += stride)
            for (int row = 0; row < rows; row++) output[row] = sums[row * WideTokens + token];
    }
}
