using MaskLlm.Numerals;
using MaskLlm.Patterns;
using MaskLlm.Randomness;
using static MaskLlm.MaskKernels.MaskConstants;

namespace MaskLlm.MaskKernels;

/// <summary>Mask learning one number at a time: the oracle of the vector kernels, and what runs where they cannot.</summary>
internal sealed class ScalarMaskKernel : IMaskKernel
{
    public string Name => "scalar";

    public void Sample(in MaskTile tile, in MaskSample sample, Span<float> masked, Span<float> largest, Span<float> scratch)
    {
        int groupSize = tile.Pattern.GroupSize;
        Span<float> y = scratch[..tile.Pattern.CandidateCount], mask = scratch.Slice(y.Length, groupSize);
        for (int group = 0; group < tile.Groups; group++)
        {
            largest[group] = Probabilities(tile, sample, group, y, []);
            Mix(tile.Pattern, sample.Hard, y, mask);
            for (int j = 0; j < groupSize; j++)
                masked[group * groupSize + j] = Flush(tile.Weight[group * groupSize + j] * mask[j], SmallestWeight);
        }
    }

    public void Gradient(
        in MaskTile tile, in MaskSample sample, ReadOnlySpan<float> maskedGradient, Span<float> byLogits, Span<uint> words,
            Span<float> scratch)
    {
        int groupSize = tile.Pattern.GroupSize;
        ReadOnlySpan<byte> candidates = tile.Pattern.Candidates;
        Span<float> y = scratch[..tile.Pattern.CandidateCount], byMask = scratch.Slice(y.Length, groupSize), byCandidate = byLogits;
        float scale = sample.Kappa / sample.Tau;
        for (int group = 0; group < tile.Groups; group++)
        {
            Probabilities(tile, sample, group, y, words);
            Mix(tile.Pattern, sample.Hard, y, byMask);
            for (int j = 0; j < groupSize; j++)
            {
                float weight = tile.Weight[group * groupSize + j], masked = weight * byMask[j];
                byMask[j] = weight * MathF.FusedMultiplyAdd(-2 * sample.Reward, masked, maskedGradient[group * groupSize + j]);
            }
            float mean = 0;
            for (int c = 0; c < y.Length; c++)
            {
                float sum = 0;
                for (int j = 0; j < groupSize; j++)
                    if (candidates[c * groupSize + j] != 0) sum += byMask[j];
                byCandidate[c * MaskTile.Size + group] = sum;
                mean = MathF.FusedMultiplyAdd(y[c], sum, mean);
            }
            for (int c = 0; c < y.Length; c++)
                byLogits[c * MaskTile.Size + group] = scale * y[c] * (byCandidate[c * MaskTile.Size + group] - mean);
        }
    }

    public void Update(in AdamWStep step, Span<float> logits, Span<float> first, Span<float> second, ReadOnlySpan<float> gradient)
    {
        for (int i = 0; i < logits.Length; i++)
        {
            float g = Flush(step.Clip * gradient[i], SmallestGradient);
            float m = Flush(MathF.FusedMultiplyAdd(step.Beta1, first[i], (1 - step.Beta1) * g), SmallestFirst);
            float v = Flush(MathF.FusedMultiplyAdd(step.Beta2, second[i], (1 - step.Beta2) * (g * g)), SmallestSecond);
            logits[i] = logits[i] * step.Keep - step.StepSize * m / MathF.FusedMultiplyAdd(MathF.Sqrt(v), step.InverseRoot, step.Epsilon);
            (first[i], second[i]) = (m, v);
        }
    }

    public void Words(in MaskSample rounding, uint tile, Span<uint> words)
    {
        Span<uint> block = stackalloc uint[4];
        int quarter = words.Length / 4;
        for (int i = 0; i < quarter; i++)
        {
            Philox.Block(rounding.Seed, (ulong)rounding.Step << 32 | rounding.Layer, (ulong)WeightsBlock << 32 | (uint)(tile * quarter + i),
                block);
            for (int j = 0; j < block.Length; j++) words[j * quarter + i] = block[j];
        }
    }

    public void Widen(ReadOnlySpan<ushort> source, Span<float> target) => BFloat16Bits.Widen(source, target);

    public void Narrow(ReadOnlySpan<float> source, Span<ushort> target) => BFloat16Bits.Narrow(source, target);

    public void NarrowStochastic(ReadOnlySpan<float> source, ReadOnlySpan<uint> words, Span<ushort> target)
    {
        for (int i = 0; i < source.Length; i++)
            target[i] = (ushort)((BitConverter.SingleToUInt32Bits(source[i]) + ((words[i] & SpareBits) << 7)) >> 16);
    }

    public float EncodeFirst(ReadOnlySpan<float> source, ReadOnlySpan<uint> words, Span<byte> target)
    {
        float largest = 0;
        foreach (float m in source) largest = Math.Max(largest, Math.Abs(m));
        float unit = largest == 0 ? 0 : FirstSteps * FirstSteps / largest;
        for (int i = 0; i < source.Length; i++)
        {
            float square = Math.Abs(source[i]) * unit;                                       // in steps
            float low = Below(MathF.Sqrt(square));
            float step = square - low * low > ScalarMath.Chance(words[i]) * MathF.FusedMultiplyAdd(2, low, 1) ? low + 1 : low;
            target[i] = (byte)((uint)step | (source[i] < 0 ? 0x80u : 0));
        }
        return largest;
    }

    public void DecodeFirst(ReadOnlySpan<byte> source, float scale, Span<float> target)
    {
        float unit = scale * (1 / (FirstSteps * FirstSteps));
        for (int i = 0; i < source.Length; i++)
        {
            float step = source[i] & 0x7F, m = step * step * unit;
            target[i] = (source[i] & 0x80) != 0 ? -m : m;
        }
    }

    public float EncodeSecond(ReadOnlySpan<float> source, ReadOnlySpan<uint> words, Span<byte> target)
    {
        float largest = 0;
        foreach (float v in source) largest = Math.Max(largest, v);
        float unit = largest == 0 ? 0 : 1 / largest;
        for (int i = 0; i < source.Length; i++)
        {
            float share = source[i] * unit;
            float low = Below(MathF.Sqrt(MathF.Sqrt(share)) * SecondSteps), high = low + 1;
            float lowFourth = low * low * (low * low), highFourth = high * high * (high * high);
            float fourth = share * (SecondSteps * SecondSteps * SecondSteps * SecondSteps);
            target[i] = (byte)(fourth - lowFourth > ScalarMath.Chance(words[i]) * (highFourth - lowFourth) ? high : low);
        }
        return largest;
    }

    public void DecodeSecond(ReadOnlySpan<byte> source, float scale, Span<float> target)
    {
        for (int i = 0; i < source.Length; i++)
        {
            float root = source[i] * (1 / SecondSteps), square = root * root;
            target[i] = Flush(square * square * scale, SmallestSecond);
        }
    }

    /// <summary>The largest probability; y takes all of them.</summary>
    private static float Probabilities(in MaskTile tile, in MaskSample sample, int group, Span<float> y, Span<uint> words)
    {
        Span<uint> block = stackalloc uint[4];
        ulong counterHigh = (ulong)sample.Step << 32 | sample.Layer;
        float inverseTau = 1 / sample.Tau, max = float.NegativeInfinity, sum = 0;
        for (int c = 0; c < y.Length; c++)
        {
            if (c % 4 == 0 && (sample.Noisy || !words.IsEmpty))
                Philox.Block(sample.Seed, counterHigh, (ulong)(c / 4) << 32 | (uint)(tile.FirstGroup + group), block);
            if (!words.IsEmpty) words[c * MaskTile.Size + group] = block[c % 4];
            float logit = tile.Logits[c * tile.Stride + group];
            y[c] = (sample.Noisy ? MathF.FusedMultiplyAdd(sample.Kappa, logit, ScalarMath.Gumbel(block[c % 4]))
                : sample.Kappa * logit) * inverseTau;
            max = Math.Max(max, y[c]);
        }
        for (int c = 0; c < y.Length; c++) sum += y[c] = ScalarMath.Exp(y[c] - max);
        float inverse = 1 / sum;
        for (int c = 0; c < y.Length; c++) y[c] *= inverse;
        return inverse;                                                                       // exp(0) is 1
    }

    private static void Mix(NmPattern pattern, bool hard, Span<float> y, Span<float> mask)
    {
        ReadOnlySpan<byte> candidates = pattern.Candidates;
        mask.Clear();
        int chosen = hard ? FirstLargest(y) : -1;
        for (int c = 0; c < y.Length; c++)
            for (int j = 0; j < mask.Length; j++)
                if (candidates[c * mask.Length + j] != 0) mask[j] += !hard ? y[c] : c == chosen ? 1 : 0;
    }

    private static int FirstLargest(Span<float> y)
    {
        int chosen = 0;
        for (int c = 1; c < y.Length; c++)
            if (y[c] > y[chosen]) chosen = c;
        return chosen;
    }

    // A whole number below or at t; for a whole t possibly t - 1, which the rounding by chance then always lifts.
    private static float Below(float t) => t - 0.5f + RoundingShift - RoundingShift;

    private static float Flush(float x, float limit) => Math.Abs(x) < limit ? 0 : x;
}
