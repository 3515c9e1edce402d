using System.Runtime.CompilerServices;

namespace MaskLlm.Products;

internal sealed unsafe partial class LaneProductKernel<TLanes, TFloats, TInts>
{
    // Columns of two fours; in 2:4 each four comes from two groups, so that twice the columns lie behind it.
    private const int DenseStep = 8, SparseStep = 16;

    private static void DenseIntegersOne<TStored>(byte* weights, int panels, sbyte* x, float* scales, float* output) where TStored : struct,
        IStoredIntegers<TFloats, TInts>
    {
        TFloats total = TLanes.Zero;
        for (int panel = 0; panel < panels; panel++)
        {
            TFloats scale = TLanes.Multiply(TLanes.LoadBFloat16(weights), TLanes.Broadcast(scales[panel]));
            weights += PackedLayout.ScaleBytes;
            TInts a = TLanes.ZeroInts, b = TLanes.ZeroInts;
            for (int column = 0; column < PanelColumns; column += DenseStep, x += DenseStep, weights += TStored.TwoFoursBytes)
            {
                a = TLanes.AddDot(a, TStored.First(weights), TLanes.BroadcastBytes(x));
                b = TLanes.AddDot(b, TStored.Second(weights), TLanes.BroadcastBytes(x + 4));
            }
            total = AddPanel(total, TLanes.AddInts(a, b), scale);
        }
        TLanes.Store(total, output);
    }

    private static void SparseIntegersOne<TStored>(byte* weights, int panels, sbyte* x, float* scales,
        float* output) where TStored : struct, IStoredIntegers<TFloats, TInts>
    {
        TFloats total = TLanes.Zero;
        for (int panel = 0; panel < panels; panel++)
        {
            TFloats scale = TLanes.Multiply(TLanes.LoadBFloat16(weights), TLanes.Broadcast(scales[panel]));
            byte* indices = weights + PackedLayout.ScaleBytes;
            weights = indices + PackedLayout.IndexBytes;
            TInts a = TLanes.ZeroInts, b = TLanes.ZeroInts;
            for (int half = 0; half < 2; half++)
            {
                TInts index = TLanes.LoadInts(indices + half * PackedLayout.IndexBytes / 2);
                for (int column = 0; column < PanelColumns / 2; column += SparseStep, x += SparseStep, weights += TStored.TwoFoursBytes)
                {
                    a = TLanes.AddDot(a, TStored.First(weights), TLanes.PickBytes(TLanes.BroadcastGroups(x), TLanes.Places(index)));
                    b = TLanes.AddDot(b, TStored.Second(weights),
                        TLanes.PickBytes(TLanes.BroadcastGroups(x + 8), TLanes.Places(TLanes.ShiftRight(index, 2))));
                    index = TLanes.ShiftRight(index, 4);
                }
            }
            total = AddPanel(total, TLanes.AddInts(a, b), scale);
        }
        TLanes.Store(total, output);
    }

    private static void DenseIntegersFour<TStored>(byte* weights, int panels, sbyte* x, float* scales, float* output,
        int stride) where TStored : struct, IStoredIntegers<TFloats, TInts>
    {
        TFloats totalA = TLanes.Zero, totalB = TLanes.Zero, totalC = TLanes.Zero, totalD = TLanes.Zero;
        for (int panel = 0; panel < panels; panel++, scales += TileTokens)
        {
            TFloats scale = TLanes.LoadBFloat16(weights);
            weights += PackedLayout.ScaleBytes;
            TInts a = TLanes.ZeroInts, b = TLanes.ZeroInts, c = TLanes.ZeroInts, d = TLanes.ZeroInts;
            for (int column = 0; column < PanelColumns; column += DenseStep, x += DenseStep * TileTokens, weights += TStored.TwoFoursBytes)
            {
                // Eight columns of a token lie together, then those of the next.
                TInts first = TStored.First(weights), second = TStored.Second(weights);
                a = TLanes.AddDot(TLanes.AddDot(a, first, TLanes.BroadcastBytes(x)), second, TLanes.BroadcastBytes(x + 4));
                b = TLanes.AddDot(TLanes.AddDot(b, first, TLanes.BroadcastBytes(x + 8)), second, TLanes.BroadcastBytes(x + 12));
                c = TLanes.AddDot(TLanes.AddDot(c, first, TLanes.BroadcastBytes(x + 16)), second, TLanes.BroadcastBytes(x + 20));
                d = TLanes.AddDot(TLanes.AddDot(d, first, TLanes.BroadcastBytes(x + 24)), second, TLanes.BroadcastBytes(x + 28));
            }
            totalA = AddPanel(totalA, a, TLanes.Multiply(scale, TLanes.Broadcast(scales[0])));
            totalB = AddPanel(totalB, b, TLanes.Multiply(scale, TLanes.Broadcast(scales[1])));
            totalC = AddPanel(totalC, c, TLanes.Multiply(scale, TLanes.Broadcast(scales[2])));
            totalD = AddPanel(totalD, d, TLanes.Multiply(scale, TLanes.Broadcast(scales[3])));
        }
        StoreFour(totalA, totalB, totalC, totalD, output, stride);
    }

    private static void SparseIntegersFour<TStored>(byte* weights, int panels, sbyte* x, float* scales, float* output,
        int stride) where TStored : struct, IStoredIntegers<TFloats, TInts>
    {
        TFloats totalA = TLanes.Zero, totalB = TLanes.Zero, totalC = TLanes.Zero, totalD = TLanes.Zero;
        for (int panel = 0; panel < panels; panel++, scales += TileTokens)
        {
            TFloats scale = TLanes.LoadBFloat16(weights);
            byte* indices = weights + PackedLayout.ScaleBytes;
            weights = indices + PackedLayout.IndexBytes;
            TInts a = TLanes.ZeroInts, b = TLanes.ZeroInts, c = TLanes.ZeroInts, d = TLanes.ZeroInts;
            for (int half = 0; half < 2; half++)
            {
                TInts index = TLanes.LoadInts(indices + half * PackedLayout.IndexBytes / 2);
                for (int column = 0; column < PanelColumns / 2; column += SparseStep, x += SparseStep * TileTokens,
                    weights += TStored.TwoFoursBytes)
                {
                    AddFour(TStored.First(weights), TLanes.Places(index), x, ref a, ref b, ref c, ref d);
                    AddFour(TStored.Second(weights), TLanes.Places(TLanes.ShiftRight(index, 2)), x + 8 * TileTokens, ref a, ref b, ref c,
                        ref d);
                    index = TLanes.ShiftRight(index, 4);
                }
            }
            totalA = AddPanel(totalA, a, TLanes.Multiply(scale, TLanes.Broadcast(scales[0])));
            totalB = AddPanel(totalB, b, TLanes.Multiply(scale, TLanes.Broadcast(scales[1])));
            totalC = AddPanel(totalC, c, TLanes.Multiply(scale, TLanes.Broadcast(scales[2])));
            totalD = AddPanel(totalD, d, TLanes.Multiply(scale, TLanes.Broadcast(scales[3])));
        }
        StoreFour(totalA, totalB, totalC, totalD, output, stride);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void AddFour(TInts four, TInts places, sbyte* x, ref TInts a, ref TInts b, ref TInts c, ref TInts d)
    {
        a = TLanes.AddDot(a, four, TLanes.PickBytes(TLanes.BroadcastGroups(x), places));
        b = TLanes.AddDot(b, four, TLanes.PickBytes(TLanes.BroadcastGroups(x + 8), places));
        c = TLanes.AddDot(c, four, TLanes.PickBytes(TLanes.BroadcastGroups(x + 16), places));
        d = TLanes.AddDot(d, four, TLanes.PickBytes(TLanes.BroadcastGroups(x + 24), places));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TFloats AddPanel(TFloats total, TInts sum, TFloats scale) => TLanes.MultiplyAdd(TLanes.ToFloats(sum), scale, total);
}
