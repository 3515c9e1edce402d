using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using static MaskLlm.MaskKernels.MaskConstants;

namespace MaskLlm.MaskKernels;

internal sealed partial class LaneMaskKernel<TLanes, TFloat, TInt>
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void SampleTwoOfFour(in MaskTile tile, in MaskSample sample, Span<float> masked, Span<float> largest,
        Span<float> scratch)
    {
        ProbabilitiesTwoOfFour(tile, sample, scratch, [], largest);
        ref readonly float weights = ref MemoryMarshal.GetReference(tile.Weight);
        ref readonly float probabilities = ref MemoryMarshal.GetReference(scratch);
        ref float target = ref MemoryMarshal.GetReference(masked), most = ref MemoryMarshal.GetReference(largest);
        for (int g = 0; g < tile.Groups; g += TLanes.Count)
        {
            LoadSix(in probabilities, g, out TFloat y0, out TFloat y1, out TFloat y2, out TFloat y3, out TFloat y4, out TFloat y5);
            if (sample.Hard) Harden(TLanes.Load(in most, g), ref y0, ref y1, ref y2, ref y3, ref y4, ref y5);
            MaskTwoOfFour(y0, y1, y2, y3, y4, y5, out TFloat a, out TFloat b, out TFloat c, out TFloat d);
            StoreMasked(in weights, a, ref target, 4 * g);
            StoreMasked(in weights, b, ref target, 4 * g + TLanes.Count);
            StoreMasked(in weights, c, ref target, 4 * g + 2 * TLanes.Count);
            StoreMasked(in weights, d, ref target, 4 * g + 3 * TLanes.Count);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void GradientTwoOfFour(
        in MaskTile tile, in MaskSample sample, ReadOnlySpan<float> maskedGradient, Span<float> byLogits, Span<uint> words,
            Span<float> scratch)
    {
        Span<float> largest = scratch[(tile.Pattern.CandidateCount * MaskTile.Size)..];
        ProbabilitiesTwoOfFour(tile, sample, scratch, words, largest);
        ref readonly float weights = ref MemoryMarshal.GetReference(tile.Weight);
        ref readonly float gradient = ref MemoryMarshal.GetReference(maskedGradient);
        ref readonly float probabilities = ref MemoryMarshal.GetReference(scratch);
        ref float target = ref MemoryMarshal.GetReference(byLogits);
        TFloat scale = TLanes.Create(sample.Kappa / sample.Tau), reward = TLanes.Create(-2 * sample.Reward);
        for (int g = 0; g < tile.Groups; g += TLanes.Count)
        {
            LoadSix(in probabilities, g, out TFloat y0, out TFloat y1, out TFloat y2, out TFloat y3, out TFloat y4, out TFloat y5);
            TFloat h0 = y0, h1 = y1, h2 = y2, h3 = y3, h4 = y4, h5 = y5;
            if (sample.Hard) Harden(TLanes.Load(in MemoryMarshal.GetReference(largest), g), ref h0, ref h1, ref h2, ref h3, ref h4, ref h5);
            MaskTwoOfFour(h0, h1, h2, h3, h4, h5, out TFloat a, out TFloat b, out TFloat c, out TFloat d);
            a = ByMask(in weights, in gradient, a, reward, 4 * g);
            b = ByMask(in weights, in gradient, b, reward, 4 * g + TLanes.Count);
            c = ByMask(in weights, in gradient, c, reward, 4 * g + 2 * TLanes.Count);
            d = ByMask(in weights, in gradient, d, reward, 4 * g + 3 * TLanes.Count);
            TLanes.WeightsToColumns(ref a, ref b, ref c, ref d);
            // Candidates 1100 1010 1001 0110 0101 0011: one sum of two columns each.
            TFloat s0 = TLanes.Add(a, b), s1 = TLanes.Add(a, c), s2 = TLanes.Add(a, d), s3 = TLanes.Add(b, c), s4 = TLanes.Add(b, d),
                s5 = TLanes.Add(c, d);
            TFloat mean = TLanes.Fma(y2, s2, TLanes.Fma(y1, s1, TLanes.Multiply(y0, s0)));
            mean = TLanes.Fma(y5, s5, TLanes.Fma(y4, s4, TLanes.Fma(y3, s3, mean)));
            StoreGradient(y0, s0, mean, scale, ref target, g);
            StoreGradient(y1, s1, mean, scale, ref target, MaskTile.Size + g);
            StoreGradient(y2, s2, mean, scale, ref target, 2 * MaskTile.Size + g);
            StoreGradient(y3, s3, mean, scale, ref target, 3 * MaskTile.Size + g);
            StoreGradient(y4, s4, mean, scale, ref target, 4 * MaskTile.Size + g);
            StoreGradient(y5, s5, mean, scale, ref target, 5 * MaskTile.Size + g);
        }
    }

    /// <summary>y of the six candidates, (6, Size), and the largest of each group.</summary>
    private static void ProbabilitiesTwoOfFour(in MaskTile tile, in MaskSample sample, Span<float> y, Span<uint> words, Span<float> largest)
    {
        if (sample.Noisy) ProbabilitiesTwoOfFour<GumbelNoise>(tile, sample, y, words, largest);
        else ProbabilitiesTwoOfFour<NoNoise>(tile, sample, y, words, largest);
    }

    /// <summary>A loop of its own: more in one method, and the compiler stops inlining.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void ProbabilitiesTwoOfFour<TNoise>(in MaskTile tile, in MaskSample sample, Span<float> y, Span<uint> words,
        Span<float> largest)
        where TNoise : struct, IScoreNoise
    {
        ref readonly float logits = ref MemoryMarshal.GetReference(tile.Logits);
        ref float target = ref MemoryMarshal.GetReference(y), most = ref MemoryMarshal.GetReference(largest);
        TFloat kappa = TLanes.Create(sample.Kappa), inverseTau = TLanes.Create(1 / sample.Tau);
        for (int g = 0; g < tile.Groups; g += TLanes.Count)
        {
            uint group = (uint)(tile.FirstGroup + g);
            TInt w0 = default, w1 = default, w2 = default, w3 = default, w4 = default, w5 = default;
            if (TNoise.IsDrawn || !words.IsEmpty)
            {
                LanePhilox<TLanes, TFloat, TInt>.Block(sample, group, 0, out w0, out w1, out w2, out w3);
                LanePhilox<TLanes, TFloat, TInt>.Block(sample, group, 1, out w4, out w5, out _, out _);
                if (!words.IsEmpty) StoreWords(words, g, w0, w1, w2, w3, w4, w5);
            }
            TFloat y0 = Score<TNoise>(TLanes.Load(in logits, g), w0, kappa, inverseTau);
            TFloat y1 = Score<TNoise>(TLanes.Load(in logits, tile.Stride + g), w1, kappa, inverseTau);
            TFloat y2 = Score<TNoise>(TLanes.Load(in logits, 2 * tile.Stride + g), w2, kappa, inverseTau);
            TFloat y3 = Score<TNoise>(TLanes.Load(in logits, 3 * tile.Stride + g), w3, kappa, inverseTau);
            TFloat y4 = Score<TNoise>(TLanes.Load(in logits, 4 * tile.Stride + g), w4, kappa, inverseTau);
            TFloat y5 = Score<TNoise>(TLanes.Load(in logits, 5 * tile.Stride + g), w5, kappa, inverseTau);
            TFloat max = TLanes.Max(TLanes.Max(TLanes.Max(y0, y1), TLanes.Max(y2, y3)), TLanes.Max(y4, y5));
            y0 = LaneMath<TLanes, TFloat, TInt>.Exp(TLanes.Subtract(y0, max));
            y1 = LaneMath<TLanes, TFloat, TInt>.Exp(TLanes.Subtract(y1, max));
            y2 = LaneMath<TLanes, TFloat, TInt>.Exp(TLanes.Subtract(y2, max));
            y3 = LaneMath<TLanes, TFloat, TInt>.Exp(TLanes.Subtract(y3, max));
            y4 = LaneMath<TLanes, TFloat, TInt>.Exp(TLanes.Subtract(y4, max));
            y5 = LaneMath<TLanes, TFloat, TInt>.Exp(TLanes.Subtract(y5, max));
            // In the order of the scalar kernel, so that the sums are its sums.
            TFloat sum = TLanes.Add(TLanes.Add(TLanes.Add(TLanes.Add(TLanes.Add(y0, y1), y2), y3), y4), y5);
            TFloat inverse = TLanes.Divide(TLanes.Create(1f), sum);
            TLanes.Store(TLanes.Multiply(y0, inverse), ref target, g);
            TLanes.Store(TLanes.Multiply(y1, inverse), ref target, MaskTile.Size + g);
            TLanes.Store(TLanes.Multiply(y2, inverse), ref target, 2 * MaskTile.Size + g);
            TLanes.Store(TLanes.Multiply(y3, inverse), ref target, 3 * MaskTile.Size + g);
            TLanes.Store(TLanes.Multiply(y4, inverse), ref target, 4 * MaskTile.Size + g);
            TLanes.Store(TLanes.Multiply(y5, inverse), ref target, 5 * MaskTile.Size + g);
            TLanes.Store(inverse, ref most, g);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void LoadSix(
        ref readonly float source, int g, out TFloat y0, out TFloat y1, out TFloat y2, out TFloat y3, out TFloat y4, out TFloat y5)
    {
        y0 = TLanes.Load(in source, g);
        y1 = TLanes.Load(in source, MaskTile.Size + g);
        y2 = TLanes.Load(in source, 2 * MaskTile.Size + g);
        y3 = TLanes.Load(in source, 3 * MaskTile.Size + g);
        y4 = TLanes.Load(in source, 4 * MaskTile.Size + g);
        y5 = TLanes.Load(in source, 5 * MaskTile.Size + g);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void MaskTwoOfFour(
        TFloat y0, TFloat y1, TFloat y2, TFloat y3, TFloat y4, TFloat y5, out TFloat a, out TFloat b, out TFloat c, out TFloat d)
    {
        a = TLanes.Add(TLanes.Add(y0, y1), y2);
        b = TLanes.Add(TLanes.Add(y0, y3), y4);
        c = TLanes.Add(TLanes.Add(y1, y3), y5);
        d = TLanes.Add(TLanes.Add(y2, y4), y5);
        TLanes.ColumnsToWeights(ref a, ref b, ref c, ref d);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Harden(TFloat most, ref TFloat y0, ref TFloat y1, ref TFloat y2, ref TFloat y3, ref TFloat y4, ref TFloat y5)
    {
        TFloat free = AllBits();
        y0 = Harden(y0, most, ref free);
        y1 = Harden(y1, most, ref free);
        y2 = Harden(y2, most, ref free);
        y3 = Harden(y3, most, ref free);
        y4 = Harden(y4, most, ref free);
        y5 = Harden(y5, most, ref free);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void StoreMasked(ref readonly float weights, TFloat mask, ref float target, int offset) =>
        TLanes.Store(LaneMath<TLanes, TFloat, TInt>.Flush(TLanes.Multiply(TLanes.Load(in weights, offset), mask), SmallestWeight),
            ref target, offset);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TFloat ByMask(ref readonly float weights, ref readonly float gradient, TFloat mask, TFloat reward, int offset)
    {
        TFloat weight = TLanes.Load(in weights, offset);
        return TLanes.Multiply(weight, TLanes.Fma(reward, TLanes.Multiply(weight, mask), TLanes.Load(in gradient, offset)));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void StoreGradient(TFloat y, TFloat byCandidate, TFloat mean, TFloat scale, ref float target, int offset) =>
        TLanes.Store(TLanes.Multiply(TLanes.Multiply(scale, y), TLanes.Subtract(byCandidate, mean)), ref target, offset);

    private static void StoreWords(Span<uint> words, int g, TInt w0, TInt w1, TInt w2, TInt w3, TInt w4, TInt w5)
    {
        ref uint target = ref MemoryMarshal.GetReference(words);
        TLanes.Store(w0, ref target, g);
        TLanes.Store(w1, ref target, MaskTile.Size + g);
        TLanes.Store(w2, ref target, 2 * MaskTile.Size + g);
        TLanes.Store(w3, ref target, 3 * MaskTile.Size + g);
        TLanes.Store(w4, ref target, 4 * MaskTile.Size + g);
        TLanes.Store(w5, ref target, 5 * MaskTile.Size + g);
    }
}
