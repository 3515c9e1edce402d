using System.Runtime.CompilerServices;

namespace MaskLlm.Products;

internal sealed unsafe partial class LaneProductKernel<TLanes, TFloats, TInts>
{
    // Four sums for one token, so that the next addition need not wait for the last.
    private static void DenseOne<TStored>(byte* weights, int panels, float* x, float* output) where TStored : struct,
        IStoredFloats<TFloats, TInts>
    {
        TFloats a = TLanes.Zero, b = TLanes.Zero, c = TLanes.Zero, d = TLanes.Zero;
        float* end = x + (long)panels * PanelColumns;
        for (; x < end; x += 4, weights += 2 * TStored.PairBytes)
        {
            a = TLanes.MultiplyAdd(TStored.First(weights), TLanes.Broadcast(x[0]), a);
            b = TLanes.MultiplyAdd(TStored.Second(weights), TLanes.Broadcast(x[1]), b);
            c = TLanes.MultiplyAdd(TStored.First(weights + TStored.PairBytes), TLanes.Broadcast(x[2]), c);
            d = TLanes.MultiplyAdd(TStored.Second(weights + TStored.PairBytes), TLanes.Broadcast(x[3]), d);
        }
        TLanes.Store(TLanes.Add(TLanes.Add(a, b), TLanes.Add(c, d)), output);
    }

    private static void SparseOne<TStored>(byte* weights, int panels, float* x, float* output) where TStored : struct,
        IStoredFloats<TFloats, TInts>
    {
        TFloats a = TLanes.Zero, b = TLanes.Zero, c = TLanes.Zero, d = TLanes.Zero;
        for (int panel = 0; panel < panels; panel++)
        {
            byte* values = weights + PackedLayout.IndexBytes;
            for (int half = 0; half < 2; half++)
            {
                TInts index = TLanes.LoadInts(weights + half * PackedLayout.IndexBytes / 2);
                for (int group = 0; group < 8; group += 2, x += 8, values += 2 * TStored.PairBytes)
                {
                    TFloats here = TLanes.BroadcastGroup(x), next = TLanes.BroadcastGroup(x + 4);
                    a = TLanes.MultiplyAdd(TStored.First(values), TLanes.Pick(here, index), a);
                    b = TLanes.MultiplyAdd(TStored.Second(values), TLanes.Pick(here, TLanes.ShiftRight(index, 2)), b);
                    c = TLanes.MultiplyAdd(TStored.First(values + TStored.PairBytes), TLanes.Pick(next, TLanes.ShiftRight(index, 4)), c);
                    d = TLanes.MultiplyAdd(TStored.Second(values + TStored.PairBytes), TLanes.Pick(next, TLanes.ShiftRight(index, 6)), d);
                    index = TLanes.ShiftRight(index, 8);
                }
            }
            weights = values;
        }
        TLanes.Store(TLanes.Add(TLanes.Add(a, b), TLanes.Add(c, d)), output);
    }

    private static void DenseFour<TStored>(byte* weights, int panels, float* x, float* output, int stride) where TStored : struct,
        IStoredFloats<TFloats, TInts>
    {
        TFloats a = TLanes.Zero, b = TLanes.Zero, c = TLanes.Zero, d = TLanes.Zero;
        float* end = x + (long)panels * PanelColumns * TileTokens;
        for (; x < end; x += 4 * TileTokens, weights += 2 * TStored.PairBytes)
        {
            AddTwo<TStored>(weights, x, ref a, ref b, ref c, ref d);
            AddTwo<TStored>(weights + TStored.PairBytes, x + 2, ref a, ref b, ref c, ref d);
        }
        StoreFour(a, b, c, d, output, stride);
    }

    // Two columns for four tokens, whose values lie four apart.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void AddTwo<TStored>(byte* pair, float* x, ref TFloats a, ref TFloats b, ref TFloats c,
        ref TFloats d) where TStored : struct, IStoredFloats<TFloats, TInts>
    {
        TFloats first = TStored.First(pair), second = TStored.Second(pair);
        a = TLanes.MultiplyAdd(second, TLanes.Broadcast(x[1]), TLanes.MultiplyAdd(first, TLanes.Broadcast(x[0]), a));
        b = TLanes.MultiplyAdd(second, TLanes.Broadcast(x[5]), TLanes.MultiplyAdd(first, TLanes.Broadcast(x[4]), b));
        c = TLanes.MultiplyAdd(second, TLanes.Broadcast(x[9]), TLanes.MultiplyAdd(first, TLanes.Broadcast(x[8]), c));
        d = TLanes.MultiplyAdd(second, TLanes.Broadcast(x[13]), TLanes.MultiplyAdd(first, TLanes.Broadcast(x[12]), d));
    }

    private static void SparseFour<TStored>(byte* weights, int panels, float* x, float* output, int stride) where TStored : struct,
        IStoredFloats<TFloats, TInts>
    {
        TFloats a = TLanes.Zero, b = TLanes.Zero, c = TLanes.Zero, d = TLanes.Zero;
        for (int panel = 0; panel < panels; panel++)
        {
            byte* values = weights + PackedLayout.IndexBytes;
            for (int half = 0; half < 2; half++)
            {
                TInts index = TLanes.LoadInts(weights + half * PackedLayout.IndexBytes / 2);
                for (int group = 0; group < 8; group++, x += 4 * TileTokens, values += TStored.PairBytes)
                {
                    TFloats first = TStored.First(values), second = TStored.Second(values);
                    TInts next = TLanes.ShiftRight(index, 2);
                    a = AddGroup(first, second, TLanes.BroadcastGroup(x), index, next, a);
                    b = AddGroup(first, second, TLanes.BroadcastGroup(x + 4), index, next, b);
                    c = AddGroup(first, second, TLanes.BroadcastGroup(x + 8), index, next, c);
                    d = AddGroup(first, second, TLanes.BroadcastGroup(x + 12), index, next, d);
                    index = TLanes.ShiftRight(index, 4);
                }
            }
            weights = values;
        }
        StoreFour(a, b, c, d, output, stride);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TFloats AddGroup(TFloats first, TFloats second, TFloats group, TInts firstIndex, TInts secondIndex, TFloats sum) =>
        TLanes.MultiplyAdd(second, TLanes.Pick(group, secondIndex), TLanes.MultiplyAdd(first, TLanes.Pick(group, firstIndex), sum));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void StoreFour(TFloats a, TFloats b, TFloats c, TFloats d, float* output, int stride)
    {
        TLanes.Store(a, output);
        TLanes.Store(b, output + stride);
        TLanes.Store(c, output + 2L * stride);
        TLanes.Store(d, output + 3L * stride);
    }
}
