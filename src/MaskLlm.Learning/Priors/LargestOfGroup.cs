using System.Runtime.Intrinsics;
using MaskLlm.Masks;
using MaskLlm.Models;
using MaskLlm.Numerals;
using MaskLlm.Patterns;
using TorchSharp;
using static TorchSharp.torch;

namespace MaskLlm.Priors;

/// <summary>What every pruner ends with: of each group the N largest scores stay; of equal ones the one with the lower index.</summary>
internal static class LargestOfGroup
{
    private const int GroupsOfChunk = 1 << 13;

    // Of four neighbours, those that an element's rank counts where they are equal: the ones before it, one rotation each.
    private static readonly Vector128<float>[] Before =
    [
        Vector128.Create(0, 0, 0, -1).AsSingle(), Vector128.Create(0, 0, -1, -1).AsSingle(), Vector128.Create(0, -1, -1, -1).AsSingle(),
    ];

    /// <summary>The mask of a layer.</summary>
    /// <param name="layer">Its name, for a message.</param>
    /// <param name="scores">(O, I) float32; I a multiple of M.</param>
    /// <param name="pattern">N:M.</param>
    /// <exception cref="InvalidDataException">A score is NaN or infinite: it has no rank.</exception>
    internal static Mask Keep(string layer, Tensor scores, NmPattern pattern) => MaskTensors.FromTensor(Kept(layer, scores, pattern));

    /// <summary>The same as a tensor (O, I) float32 of 0 and 1 on the device of the scores, of the caller's scope.</summary>
    /// <exception cref="InvalidDataException">A score is NaN or infinite.</exception>
    internal static Tensor Kept(string layer, Tensor scores, NmPattern pattern)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor values = scores.cpu().contiguous(), kept = empty_like(values);
        Finite.RequireScores(layer, TensorBytes.Floats(values));
        int count = checked((int)values.NumberOfElements), chunk = pattern.GroupSize * GroupsOfChunk;
        ParallelOptions threads = new() { MaxDegreeOfParallelism = Math.Max(1, get_num_threads()) };
        Parallel.For(0, (count + chunk - 1) / chunk, threads, part =>
        {
            (int start, int length) = (part * chunk, Math.Min(chunk, count - part * chunk));
            Keep(TensorBytes.Floats(values).Slice(start, length), TensorBytes.Floats(kept).Slice(start, length), pattern);
        });
        return kept.to(scores.device).MoveToOuterDisposeScope();
    }

    /// <summary>Some groups.</summary>
    /// <param name="scores">Whole groups.</param>
    /// <param name="kept">As many, overwritten with 0 and 1.</param>
    /// <param name="pattern">N:M.</param>
    internal static void Keep(ReadOnlySpan<float> scores, Span<float> kept, NmPattern pattern)
    {
        if (pattern.GroupSize == Vector128<float>.Count) KeepOfFour(scores, kept, pattern.Kept);
        else KeepPlain(scores, kept, pattern);
    }

    /// <summary>The plain form.</summary>
    internal static void KeepPlain(ReadOnlySpan<float> scores, Span<float> kept, NmPattern pattern)
    {
        for (int start = 0; start < scores.Length; start += pattern.GroupSize)
        {
            ReadOnlySpan<float> group = scores.Slice(start, pattern.GroupSize);
            for (int i = 0; i < group.Length; i++) kept[start + i] = Rank(group, i) < pattern.Kept ? 1 : 0;
        }
    }

    private static void KeepOfFour(ReadOnlySpan<float> scores, Span<float> kept, int most)
    {
        Vector128<int> limit = Vector128.Create(-most);
        for (int start = 0; start < scores.Length; start += Vector128<float>.Count)
        {
            Vector128<float> group = Vector128.Create(scores[start..]);
            // Minus the rank: a comparison that holds is -1.
            Vector128<int> rank = Larger(Vector128.Shuffle(group, Vector128.Create(1, 2, 3, 0)), group, Before[0])
                + Larger(Vector128.Shuffle(group, Vector128.Create(2, 3, 0, 1)), group, Before[1])
                + Larger(Vector128.Shuffle(group, Vector128.Create(3, 0, 1, 2)), group, Before[2]);
            Vector128<float> one = Vector128.GreaterThan(rank, limit).AsSingle() & Vector128<float>.One;
            one.CopyTo(kept[start..]);
        }
    }

    private static Vector128<int> Larger(Vector128<float> other, Vector128<float> group, Vector128<float> before) =>
        (Vector128.GreaterThan(other, group) | Vector128.Equals(other, group) & before).AsInt32();

    private static int Rank(ReadOnlySpan<float> group, int index)
    {
        int rank = 0;
        for (int other = 0; other < group.Length; other++)
            if (group[other] > group[index] || (group[other] == group[index] && other < index)) rank++;
        return rank;
    }
}
