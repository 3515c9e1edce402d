using MaskLlm.Architectures;
using TorchSharp;
using static TorchSharp.torch;

namespace MaskLlm.Models;

/// <summary>Which tokens go through which experts. A pair is a token and one of its experts; pairs of one expert lie together.</summary>
/// <param name="Chosen">The experts of each token in the order of their scores, (N, k) row by row.</param>
/// <param name="Counts">Tokens of each expert.</param>
/// <param name="Tokens">(pairs) int64: the token of each pair.</param>
/// <param name="Weights">(pairs): what the expert's output is multiplied by; gradients go through it.</param>
internal sealed record Routing(long[] Chosen, int[] Counts, Tensor Tokens, Tensor Weights)
{
    // Sigmoids can all be 0.
    private const double Least = 1e-20;

    /// <summary>Chooses; of the caller's scope. The choice itself has no gradient.</summary>
    /// <param name="config">How.</param>
    /// <param name="logits">(N, E) of the router.</param>
    /// <param name="correction">(E), or null.</param>
    internal static Routing Of(ExpertsConfig config, Tensor logits, Tensor? correction)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor wide = logits.to(ScalarType.Float32);
        Tensor scores = config.Score == RouterScore.Sigmoid ? wide.sigmoid() : nn.functional.softmax(wide, -1);
        Tensor chosen = Best(config, scores, correction);                               // (N, k)
        Tensor weights = scores.gather(1, chosen);
        if (config.NormalizesChosen) weights = weights / weights.sum(1, keepdim: true).Plus(Least);
        if (config.Scale != 1) weights = weights.Times(config.Scale);
        long[] experts = TensorBytes.Longs(chosen.cpu().contiguous()).ToArray();
        (int[] counts, long[] pairs) = Sorted(experts, config.Count);
        Tensor order = tensor(pairs, device: logits.device);
        Tensor tokens = tensor(Array.ConvertAll(pairs, pair => pair / config.PerToken), device: logits.device);
        Tensor sorted = weights.reshape(-1).index_select(0, order).to(logits.dtype);
        return new Routing(experts, counts, tokens.MoveToOuterDisposeScope(), sorted.MoveToOuterDisposeScope());
    }

    private static Tensor Best(ExpertsConfig config, Tensor scores, Tensor? correction)
    {
        using IDisposable noGradient = no_grad();
        Tensor choice = correction is null ? scores : scores.Plus(correction);
        if (config.Groups > 1) choice = WithinGroups(config, choice);
        return choice.topk(config.PerToken, -1).indexes;
    }

    // Scores of the experts outside the best groups are 0, as DeepSeek-V3's code has it.
    private static Tensor WithinGroups(ExpertsConfig config, Tensor choice)
    {
        Tensor groups = choice.view(choice.size(0), config.Groups, -1);                 // (N, groups, E / groups)
        Tensor best = groups.topk(2, -1).values.sum(-1).topk(config.GroupsPerToken, -1).indexes;
        Tensor seen = zeros(choice.size(0), config.Groups, choice.dtype, choice.device).scatter(1, best, ones_like(best).to(choice.dtype));
        return choice * seen.unsqueeze(-1).expand(groups.shape).reshape(choice.shape);
    }

    // By expert, and of one expert by token.
    private static (int[] Counts, long[] Pairs) Sorted(long[] experts, int count)
    {
        int[] counts = new int[count], next = new int[count];
        foreach (long expert in experts) counts[expert]++;
        for (int expert = 1; expert < count; expert++) next[expert] = next[expert - 1] + counts[expert - 1];
        long[] pairs = new long[experts.Length];
        for (int pair = 0; pair < experts.Length; pair++) pairs[next[experts[pair]]++] = pair;
        return (counts, pairs);
    }
}
