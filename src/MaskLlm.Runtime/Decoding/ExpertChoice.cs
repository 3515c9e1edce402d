using System.Numerics.Tensors;
using MaskLlm.Architectures;

namespace MaskLlm.Decoding;

/// <summary>Chooses the experts of a token.</summary>
internal static class ExpertChoice
{
    // Sigmoids can all be 0.
    private const float Least = 1e-20f;

    /// <summary>The best experts and what their outputs are multiplied by; allocates nothing.</summary>
    /// <param name="config">How.</param>
    /// <param name="scores">Logits of all experts; their scores afterwards.</param>
    /// <param name="correction">(E), or empty.</param>
    /// <param name="ranks">(E), to work in.</param>
    /// <param name="chosen">Takes the numbers of the experts.</param>
    /// <param name="weights">Takes as many factors.</param>
    internal static void Of(ExpertsConfig config, Span<float> scores, ReadOnlySpan<float> correction, Span<float> ranks,
        Span<int> chosen, Span<float> weights)
    {
        if (config.Score == RouterScore.Sigmoid) TensorPrimitives.Sigmoid(scores, scores);
        else RuntimeActivation.Softmax(scores);
        scores.CopyTo(ranks);
        if (!correction.IsEmpty) TensorPrimitives.Add(ranks, correction, ranks);
        if (config.Groups > 1) KeepBestGroups(config, ranks);
        float sum = 0;
        for (int i = 0; i < chosen.Length; i++)
        {
            chosen[i] = Largest(ranks);
            ranks[chosen[i]] = float.NegativeInfinity;
            weights[i] = scores[chosen[i]];
            sum += weights[i];
        }
        float factor = (float)config.Scale / (config.NormalizesChosen ? sum + Least : 1);
        TensorPrimitives.Multiply(weights, factor, weights);
    }

    // NaN is larger than nothing: a token of NaN goes to the first experts, and what they give is NaN.
    private static int Largest(ReadOnlySpan<float> ranks)
    {
        int best = 0;
        for (int i = 1; i < ranks.Length; i++)
            if (ranks[i] > ranks[best]) best = i;
        return best;
    }

    // Ranks outside the groups whose two best have the largest sums become 0.
    private static void KeepBestGroups(ExpertsConfig config, Span<float> ranks)
    {
        int size = ranks.Length / config.Groups;
        Span<float> sums = config.Groups <= 256 ? stackalloc float[config.Groups] : new float[config.Groups];
        Span<bool> isKept = config.Groups <= 256 ? stackalloc bool[config.Groups] : new bool[config.Groups];
        for (int group = 0; group < config.Groups; group++)
        {
            float first = float.NegativeInfinity, second = float.NegativeInfinity;
            foreach (float rank in ranks.Slice(group * size, size))
                if (rank > first) (first, second) = (rank, first);
                else if (rank > second) second = rank;
            sums[group] = first + second;
        }
        for (int kept = 0; kept < config.GroupsPerToken; kept++)
        {
            int best = Largest(sums);
            (isKept[best], sums[best]) = (true, float.NegativeInfinity);
        }
        for (int group = 0; group < config.Groups; group++)
            if (!isKept[group]) ranks.Slice(group * size, size).Clear();
    }
}
