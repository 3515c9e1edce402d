using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using MaskLlm.Patterns;
using static MaskLlm.MaskKernels.MaskConstants;

namespace MaskLlm.MaskKernels;

/// <summary>
/// Mask learning a vector of groups at a time: lane = group, one vector a candidate or column. Any pattern; 2:4, whose six candidates
/// fit the registers, has its own way in another part. Bit for bit <see cref="ScalarMaskKernel"/>. Loops are compiled at once in
/// full: code that is replaced while it runs stays several times slower here.
/// </summary>
internal sealed partial class LaneMaskKernel<TLanes, TFloat, TInt>(string name) : IMaskKernel
    where TLanes : struct, ILanes<TFloat, TInt>
    where TFloat : struct
    where TInt : struct
{
    public string Name => name;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Sample(in MaskTile tile, in MaskSample sample, Span<float> masked, Span<float> largest, Span<float> scratch)
    {
        if (tile.Pattern == NmPattern.TwoOfFour)
        {
            SampleTwoOfFour(tile, sample, masked, largest, scratch);
            return;
        }
        Span<float> columns = scratch[(tile.Pattern.CandidateCount * MaskTile.Size)..];
        Probabilities(tile, sample, scratch, [], largest);
        Mix(tile, sample.Hard, scratch, columns, largest);
        int groupSize = tile.Pattern.GroupSize;
        for (int group = 0; group < tile.Groups; group++)
            for (int j = 0; j < groupSize; j++)
            {
                float value = tile.Weight[group * groupSize + j] * columns[j * MaskTile.Size + group];
                masked[group * groupSize + j] = Math.Abs(value) < SmallestWeight ? 0 : value;
            }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Gradient(
        in MaskTile tile, in MaskSample sample, ReadOnlySpan<float> maskedGradient, Span<float> byLogits, Span<uint> words,
            Span<float> scratch)
    {
        if (tile.Pattern == NmPattern.TwoOfFour)
        {
            GradientTwoOfFour(tile, sample, maskedGradient, byLogits, words, scratch);
            return;
        }
        Span<float> columns = scratch[(tile.Pattern.CandidateCount * MaskTile.Size)..];
        Probabilities(tile, sample, scratch, words, columns);
        Mix(tile, sample.Hard, scratch, columns, columns);
        int groupSize = tile.Pattern.GroupSize;
        for (int group = 0; group < tile.Groups; group++)
            for (int j = 0; j < groupSize; j++)
            {
                ref float column = ref columns[j * MaskTile.Size + group];
                float weight = tile.Weight[group * groupSize + j], value = weight * column;
                column = weight * MathF.FusedMultiplyAdd(-2 * sample.Reward, value, maskedGradient[group * groupSize + j]);
            }
        ThroughSoftmax(tile, sample.Kappa / sample.Tau, scratch, columns, byLogits);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Update(in AdamWStep step, Span<float> logits, Span<float> first, Span<float> second, ReadOnlySpan<float> gradient)
    {
        ref float p = ref MemoryMarshal.GetReference(logits), m = ref MemoryMarshal.GetReference(first),
            v = ref MemoryMarshal.GetReference(second);
        ref float g = ref MemoryMarshal.GetReference(gradient);
        TFloat beta1 = TLanes.Create(step.Beta1), beta2 = TLanes.Create(step.Beta2);
        for (int i = 0; i < logits.Length; i += TLanes.Count)
        {
            TFloat clipped = LaneMath<TLanes, TFloat, TInt>.Flush(TLanes.Multiply(TLanes.Create(step.Clip), TLanes.Load(in g, i)),
                SmallestGradient);
            TFloat mean = TLanes.Fma(beta1, TLanes.Load(in m, i), TLanes.Multiply(TLanes.Create(1 - step.Beta1), clipped));
            mean = LaneMath<TLanes, TFloat, TInt>.Flush(mean, SmallestFirst);
            TFloat square = TLanes.Fma(beta2, TLanes.Load(in v, i),
                TLanes.Multiply(TLanes.Create(1 - step.Beta2), TLanes.Multiply(clipped, clipped)));
            square = LaneMath<TLanes, TFloat, TInt>.Flush(square, SmallestSecond);
            TFloat root = TLanes.Fma(TLanes.Sqrt(square), TLanes.Create(step.InverseRoot), TLanes.Create(step.Epsilon));
            TFloat move = TLanes.Divide(TLanes.Multiply(TLanes.Create(step.StepSize), mean), root);
            TLanes.Store(TLanes.Subtract(TLanes.Multiply(TLanes.Load(in p, i), TLanes.Create(step.Keep)), move), ref p, i);
            TLanes.Store(mean, ref m, i);
            TLanes.Store(square, ref v, i);
        }
    }

    /// <summary>y of every candidate, (C, Size), and the largest of each group.</summary>
    private static void Probabilities(in MaskTile tile, in MaskSample sample, Span<float> y, Span<uint> words, Span<float> largest)
    {
        if (sample.Noisy) Probabilities<GumbelNoise>(tile, sample, y, words, largest);
        else Probabilities<NoNoise>(tile, sample, y, words, largest);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Probabilities<TNoise>(in MaskTile tile, in MaskSample sample, Span<float> y, Span<uint> words, Span<float> largest)
        where TNoise : struct, IScoreNoise
    {
        int candidates = tile.Pattern.CandidateCount;
        ref readonly float logits = ref MemoryMarshal.GetReference(tile.Logits);
        ref float target = ref MemoryMarshal.GetReference(y), most = ref MemoryMarshal.GetReference(largest);
        TFloat kappa = TLanes.Create(sample.Kappa), inverseTau = TLanes.Create(1 / sample.Tau);
        for (int g = 0; g < tile.Groups; g += TLanes.Count)
        {
            TFloat max = TLanes.Create(float.NegativeInfinity), sum = TLanes.Create(0f);
            for (int c = 0; c < candidates; c += 4)
            {
                TInt w0 = default, w1 = default, w2 = default, w3 = default;
                if (TNoise.IsDrawn || !words.IsEmpty)
                    LanePhilox<TLanes, TFloat, TInt>.Block(sample, (uint)(tile.FirstGroup + g), (uint)c / 4, out w0, out w1, out w2,
                        out w3);
                for (int i = c; i < Math.Min(c + 4, candidates); i++)
                {
                    TInt word = (i - c) switch { 0 => w0, 1 => w1, 2 => w2, _ => w3 };
                    if (!words.IsEmpty) TLanes.Store(word, ref MemoryMarshal.GetReference(words), i * MaskTile.Size + g);
                    TFloat z = Score<TNoise>(TLanes.Load(in logits, i * tile.Stride + g), word, kappa, inverseTau);
                    TLanes.Store(z, ref target, i * MaskTile.Size + g);
                    max = TLanes.Max(max, z);
                }
            }
            for (int c = 0; c < candidates; c++)
            {
                TFloat e = LaneMath<TLanes, TFloat, TInt>.Exp(TLanes.Subtract(TLanes.Load(in target, c * MaskTile.Size + g), max));
                TLanes.Store(e, ref target, c * MaskTile.Size + g);
                sum = TLanes.Add(sum, e);
            }
            TFloat inverse = TLanes.Divide(TLanes.Create(1f), sum);
            for (int c = 0; c < candidates; c++)
                TLanes.Store(TLanes.Multiply(TLanes.Load(in target, c * MaskTile.Size + g), inverse), ref target, c * MaskTile.Size + g);
            TLanes.Store(inverse, ref most, g);
        }
    }

    /// <summary>y S by column, (M, Size). <paramref name="largest"/> is read group by group before columns are written, so they may be
    /// one.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Mix(in MaskTile tile, bool hard, Span<float> y, Span<float> columns, Span<float> largest)
    {
        ReadOnlySpan<byte> candidates = tile.Pattern.Candidates;
        int groupSize = tile.Pattern.GroupSize, count = tile.Pattern.CandidateCount;
        ref float source = ref MemoryMarshal.GetReference(y), target = ref MemoryMarshal.GetReference(columns);
        EightVectors eight = default;
        Span<TFloat> sums = ((Span<TFloat>)eight)[..groupSize];
        for (int g = 0; g < tile.Groups; g += TLanes.Count)
        {
            TFloat most = TLanes.Load(in MemoryMarshal.GetReference(largest), g), free = AllBits();
            sums.Fill(TLanes.Create(0f));
            for (int c = 0; c < count; c++)
            {
                TFloat share = TLanes.Load(in source, c * MaskTile.Size + g);
                if (hard) share = Harden(share, most, ref free);
                for (int j = 0; j < groupSize; j++)
                    if (candidates[c * groupSize + j] != 0) sums[j] = TLanes.Add(sums[j], share);
            }
            for (int j = 0; j < groupSize; j++) TLanes.Store(sums[j], ref target, j * MaskTile.Size + g);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void ThroughSoftmax(in MaskTile tile, float scale, Span<float> y, Span<float> byMask, Span<float> byLogits)
    {
        ReadOnlySpan<byte> candidates = tile.Pattern.Candidates;
        int groupSize = tile.Pattern.GroupSize, count = tile.Pattern.CandidateCount;
        ref float probabilities = ref MemoryMarshal.GetReference(y), columns = ref MemoryMarshal.GetReference(byMask),
            target = ref MemoryMarshal.GetReference(byLogits);
        for (int g = 0; g < tile.Groups; g += TLanes.Count)
        {
            TFloat mean = TLanes.Create(0f);
            for (int c = 0; c < count; c++)
            {
                TFloat sum = TLanes.Create(0f);
                for (int j = 0; j < groupSize; j++)
                    if (candidates[c * groupSize + j] != 0) sum = TLanes.Add(sum, TLanes.Load(in columns, j * MaskTile.Size + g));
                TLanes.Store(sum, ref target, c * MaskTile.Size + g);
                mean = TLanes.Fma(TLanes.Load(in probabilities, c * MaskTile.Size + g), sum, mean);
            }
            for (int c = 0; c < count; c++)
            {
                TFloat share = TLanes.Multiply(TLanes.Create(scale), TLanes.Load(in probabilities, c * MaskTile.Size + g));
                TLanes.Store(TLanes.Multiply(share, TLanes.Subtract(TLanes.Load(in target, c * MaskTile.Size + g), mean)), ref target,
                    c * MaskTile.Size + g);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TFloat Score<TNoise>(TFloat logit, TInt word, TFloat kappa, TFloat inverseTau)
        where TNoise : struct, IScoreNoise
    {
        TFloat scaled = TNoise.IsDrawn ? TLanes.Fma(kappa, logit, LaneMath<TLanes, TFloat, TInt>.Gumbel(word))
            : TLanes.Multiply(kappa, logit);
        return TLanes.Multiply(scaled, inverseTau);
    }

    /// <summary>1 in the lanes whose largest probability this is and that had none before, else 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TFloat Harden(TFloat share, TFloat most, ref TFloat free)
    {
        TFloat chosen = TLanes.AsFloat(TLanes.And(TLanes.AsInt(TLanes.IsEqual(share, most)), TLanes.AsInt(free)));
        free = TLanes.AsFloat(TLanes.Xor(TLanes.AsInt(free), TLanes.AsInt(chosen)));
        return TLanes.Where(chosen, TLanes.Create(1f), TLanes.Create(0f));
    }

    private static TFloat AllBits() => TLanes.AsFloat(TLanes.Create(uint.MaxValue));

    /// <summary>One vector a column of the largest group.</summary>
    [InlineArray(NmPattern.LargestEnumerated)]
    private struct EightVectors
    {
        private TFloat _first;
    }
}
