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
    /// <summary>The mask of a layer.</summary>
    /// <param name="layer">Its name, for a message.</param>
    /// <param name="scores">(O, I) float32; I a multiple of M.</param>
    /// <param name="pattern">N:M.</param>
    /// <exception cref="InvalidDataException">A score is NaN or infinite: it has no rank.</exception>
    internal static Mask Keep(string layer, Tensor scores, NmPattern pattern)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor values = scores.cpu().contiguous();
        byte[] kept = new byte[values.NumberOfElements];
        Finite.RequireScores(layer, TensorBytes.Floats(values));
        Keep(TensorBytes.Floats(values), kept, pattern);
        return Mask.FromBytes((int)scores.size(0), (int)scores.size(1), kept);
    }

    /// <summary>The same as a tensor (O, I) float32 of 0 and 1 on the device of the scores, of the caller's scope.</summary>
    /// <exception cref="InvalidDataException">A score is NaN or infinite.</exception>
    internal static Tensor Kept(string layer, Tensor scores, NmPattern pattern) =>
        MaskTensors.ToTensor(Keep(layer, scores, pattern), scores.device);

    private static void Keep(ReadOnlySpan<float> scores, Span<byte> kept, NmPattern pattern)
    {
        for (int start = 0; start < scores.Length; start += pattern.GroupSize)
        {
            ReadOnlySpan<float> group = scores.Slice(start, pattern.GroupSize);
            for (int i = 0; i < group.Length; i++)
                if (Rank(group, i) < pattern.Kept) kept[start + i] = 1;
        }
    }

    private static int Rank(ReadOnlySpan<float> group, int index)
    {
        int rank = 0;
        for (int other = 0; other < group.Length; other++)
            if (group[other] > group[index] || (group[other] == group[index] && other < index)) rank++;
        return rank;
    }
}
