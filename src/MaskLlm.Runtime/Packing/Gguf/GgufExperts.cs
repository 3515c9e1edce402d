using MaskLlm.Architectures;
using MaskLlm.Formats.Gguf;

namespace MaskLlm.Packing.Gguf;

/// <summary>What an architecture of llama.cpp computes of experts.</summary>
internal sealed record GgufExperts
{
    // gpt-oss cuts its gates so; no key says otherwise.
    private const double Limit = 7, Slope = 1.702;

    /// <summary>Whether scores of a token's experts are divided by their sum; null where a key says it.</summary>
    internal bool? Normalizes { get; init; }

    /// <summary>Whether keys say the function of scores and their scale; else it is the softmax, and no scale.</summary>
    internal bool HasRoutingKeys { get; init; }

    /// <summary>Whether keys name groups of experts.</summary>
    internal bool HasGroups { get; init; }

    /// <summary>Whether the file's width of MLPs is that of experts.</summary>
    internal bool WidthIsOfMlp { get; init; }

    /// <summary>Whether beside experts an MLP runs, times the sigmoid of its own product.</summary>
    internal bool IsSharedGated { get; init; }

    /// <summary>Whether the first blocks may have an MLP alone.</summary>
    internal bool LeadsDense { get; init; }

    /// <summary>Whether matrices of experts and routers have biases, and gates are cut.</summary>
    internal bool HasBiases { get; init; }

    /// <summary>Adds the keys.</summary>
    internal void Describe(GgufFields fields, string prefix, ExpertsConfig experts)
    {
        fields.Add($"{prefix}.expert_count", experts.Count);
        fields.Add($"{prefix}.expert_used_count", experts.PerToken);
        if (!WidthIsOfMlp) fields.Add($"{prefix}.expert_feed_forward_length", experts.Width);
        if (IsSharedGated) fields.Add($"{prefix}.expert_shared_feed_forward_length", experts.SharedWidth);
        if (LeadsDense) fields.Add($"{prefix}.leading_dense_block_count", experts.DenseBlocks.Count);
        if (HasGroups) fields.Add($"{prefix}.expert_group_count", experts.Groups);
        if (HasGroups) fields.Add($"{prefix}.expert_group_used_count", experts.GroupsPerToken);
        if (!HasRoutingKeys) return;
        fields.Add($"{prefix}.expert_shared_count", experts.SharedWidth / experts.Width);
        fields.Add($"{prefix}.expert_weights_scale", (float)experts.Scale);
        fields.Add($"{prefix}.expert_weights_norm", experts.NormalizesChosen);
        fields.Add($"{prefix}.expert_gating_func", experts.Score == RouterScore.Sigmoid ? 2 : 1);
    }

    /// <summary>What it would compute otherwise; null each for nothing.</summary>
    internal IEnumerable<string?> Refusals(ExpertsConfig experts, string llama)
    {
        yield return Normalizes is { } own && own != experts.NormalizesChosen
            ? $"norm_topk_prob is {(experts.NormalizesChosen ? "true" : "false")}, and {llama} takes {(own ? "true" : "false")}" : null;
        bool isLed = experts.DenseBlocks.Order().SequenceEqual(Enumerable.Range(0, experts.DenseBlocks.Count));
        yield return experts.DenseBlocks.Count > 0 && !(LeadsDense && isLed)
            ? $"blocks {string.Join(", ", experts.DenseBlocks)} have an MLP and no experts, and {llama} has "
                + (LeadsDense ? "such blocks at the beginning only" : "experts in every block")
            : null;
        yield return experts.Groups > 1 && !HasGroups ? $"n_group is {experts.Groups}, and {llama} chooses among all experts" : null;
        yield return HasBiases && (experts.Limit is not Limit || experts.Slope is not Slope)
            ? FormattableString.Invariant(
                $"swiglu_limit and swiglu_alpha are {experts.Limit} and {experts.Slope}, and {llama} takes {Limit} and {Slope}")
            : null;
    }
}
