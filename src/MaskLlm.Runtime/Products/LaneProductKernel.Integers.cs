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
            byte* own = weights;
            weights += TStored.Scales * PackedLayout.ScaleBytes;
            for (int group = 0; group < TStored.Scales; group++, own += PackedLayout.ScaleBytes)
            {
                TFloats scale = TLanes.Multiply(TStored.Scale(own), TLanes.Broadcast(scales[panel]));
                TInts zero = TStored.Zero(own), a = TLanes.ZeroInts, b = TLanes.ZeroInts;
                for (int column = 0; column < PanelColumns / TStored.Scales; column += DenseStep, x += DenseStep,
                    weights += TStored.TwoFoursBytes)
                {
                    a = TLanes.AddDot(a, TStored.First(weights, zero), TLanes.BroadcastBytes(x));
                    b = TLanes.AddDot(b, TStored.Second(weights, zero), TLanes.BroadcastBytes(x + 4));
                }
                total = AddPanel(total, TLanes.AddInts(a, b), scale);
            }
        }
        TLanes.Store(total, output);
    }

    private static void SparseIntegersOne<TStored>(byte* weights, int panels, sbyte* x, float* scales,
        float* output) where TStored : struct, IStoredIntegers<TFloats, TInts>
    {
        TFloats total = TLanes.Zero;
        for (int panel = 0; panel < panels; panel++)
        {
            byte* own = weights, indices = own + TStored.Scales * PackedLayout.ScaleBytes;
            weights = indices + PackedLayout.IndexBytes;
            for (int group = 0; group < TStored.Scales; group++, own += PackedLayout.ScaleBytes)
            {
                TFloats scale = TLanes.Multiply(TStored.Scale(own), TLanes.Broadcast(scales[panel]));
                TInts zero = TStored.Zero(own), a = TLanes.ZeroInts, b = TLanes.ZeroInts;
                for (int half = 0; half < 2 / TStored.Scales; half++, indices += PackedLayout.IndexBytes / 2)
                {
                    TInts index = TLanes.LoadInts(indices);
                    for (int column = 0; column < PanelColumns / 2; column += SparseStep, x += SparseStep, weights += TStored.TwoFoursBytes)
                    {
                        a = TLanes.AddDot(a, TStored.First(weights, zero),
                            TLanes.PickBytes(TLanes.BroadcastGroups(x), TLanes.Places(index)));
                        b = TLanes.AddDot(b, TStored.Second(weights, zero),
                            TLanes.PickBytes(TLanes.BroadcastGroups(x + 8), TLanes.Places(TLanes.ShiftRight(index, 2))));
                        index = TLanes.ShiftRight(index, 4);
                    }
                }
                total = AddPanel(total, TLanes.AddInts(a, b), scale);
            }
        }
        TLanes.Store(total, output);
    }

    private static void DenseIntegersFour<TStored>(byte* weights, int panels, sbyte* x, float* scales, float* output,
        int stride) where TStored : struct, IStoredIntegers<TFloats, TInts>
    {
        TFloats totalA = TLanes.Zero, totalB = TLanes.Zero, totalC = TLanes.Zero, totalD = TLanes.Zero;
        for (int panel = 0; panel < panels; panel++, scales += TileTokens)
        {
            byte* own = weights;
            weights += TStored.Scales * PackedLayout.ScaleBytes;
            for (int group = 0; group < TStored.Scales; group++, own += PackedLayout.ScaleBytes)
            {
                TFloats scale = TStored.Scale(own);
                TInts zero = TStored.Zero(own), a = TLanes.ZeroInts, b = TLanes.ZeroInts, c = TLanes.ZeroInts, d = TLanes.ZeroInts;
                for (int column = 0; column < PanelColumns / TStored.Scales; column += DenseStep, x += DenseStep * TileTokens,
                    weights += TStored.TwoFoursBytes)
                {
                    // Eight columns of a token lie together, then those of the next.
                    TInts first = TStored.First(weights, zero), second = TStored.Second(weights, zero);
                    a = TLanes.AddDot(TLanes.AddDot(a, first, TLanes.BroadcastBytes(x)), second, TLanes.BroadcastBytes(x + 4));
                    b = TLanes.AddDot(TLanes.AddDot(b, first, TLanes.BroadcastBytes(x + 8)), second, TLanes.BroadcastBytes(x + 12));
                    c = TLanes.AddDot(TLanes.AddDot(c, first, TLanes.BroadcastBytes(x + 16)), second, TLanes.BroadcastBytes(x + 20));
                    d = TLanes.AddDot(TLanes.AddDot(d, first, TLanes.BroadcastBytes(x + 24)), second, TLanes.BroadcastBytes(x + 28));
                }
                AddPanels(scale, scales, a, b, c, d, ref totalA, ref totalB, ref totalC, ref totalD);
            }
        }
        StoreFour(totalA, totalB, totalC, totalD, output, stride);
    }

    private static void SparseIntegersFour<TStored>(byte* weights, int panels, sbyte* x, float* scales, float* output,
        int stride) where TStored : struct, IStoredIntegers<TFloats, TInts>
    {
        TFloats totalA = TLanes.Zero, totalB = TLanes.Zero, totalC = TLanes.Zero, totalD = TLanes.Zero;
        for (int panel = 0; panel < panels; panel++, scales += TileTokens)
        {
            byte* own = weights, indices = own + TStored.Scales * PackedLayout.ScaleBytes;
            weights = indices + PackedLayout.IndexBytes;
            for (int group = 0; group < TStored.Scales; group++, own += PackedLayout.ScaleBytes)
            {
                TFloats scale = TStored.Scale(own);
                TInts zero = TStored.Zero(own), a = TLanes.ZeroInts, b = TLanes.ZeroInts, c = TLanes.ZeroInts, d = TLanes.ZeroInts;
                for (int half = 0; half < 2 / TStored.Scales; half++, indices += PackedLayout.IndexBytes / 2)
                {
                    TInts index = TLanes.LoadInts(indices);
                    for (int column = 0; column < PanelColumns / 2; column += SparseStep, x += SparseStep * TileTokens,
                        weights += TStored.TwoFoursBytes)
                    {
                        AddFour(TStored.First(weights, zero), TLanes.Places(index), x, ref a, ref b, ref c, ref d);
                        AddFour(TStored.Second(weights, zero), TLanes.Places(TLanes.ShiftRight(index, 2)), x + 8 * TileTokens, ref a,
                            ref b, ref c, ref d);
                        index = TLanes.ShiftRight(index, 4);
                    }
                }
                AddPanels(scale, scales, a, b, c, d, ref totalA, ref totalB, ref totalC, ref totalD);
            }
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
    private static void AddPanels(TFloats scale, float* scales, TInts a, TInts b, TInts c, TInts d, ref TFloats totalA, ref TFloats totalB,
        ref TFloats totalC, ref TFloats totalD)
    {
        totalA = AddPanel(totalA, a, TLanes.Multiply(scale, TLanes.Broadcast(scales[0])));
        totalB = AddPanel(totalB, b, TLanes.Multiply(scale, TLanes.Broadcast(scales[1])));
        totalC = AddPanel(totalC, c, TLanes.Multiply(scale, TLanes.Broadcast(scales[2])));
        totalD = AddPanel(totalD, d, TLanes.Multiply(scale, TLanes.Broadcast(scales[3])));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TFloats AddPanel(TFloats total, TInts sum, TFloats scale) => TLanes.MultiplyAdd(TLanes.ToFloats(sum), scale, total);
}
