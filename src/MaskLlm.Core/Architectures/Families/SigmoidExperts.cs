namespace MaskLlm.Architectures.Families;

/// <summary>Experts that are chosen by sigmoids with a correction beside an MLP that every token goes through, behind dense blocks
/// (DeepSeek-V3, arXiv 2412.19437, and GLM-4.5): what transformers takes for keys that are absent.</summary>
/// <param name="Count">Of <c>n_routed_experts</c>.</param>
/// <param name="Width">Of <c>moe_intermediate_size</c>.</param>
/// <param name="DenseBlocks">Of <c>first_k_dense_replace</c>.</param>
internal sealed record SigmoidExperts(int Count, int Width, int DenseBlocks)
{
    private static readonly TensorNames Names = new() { SharedExpert = "mlp.shared_experts." };

    /// <summary>Of <c>n_group</c>.</summary>
    internal int Groups { get; init; } = 1;

    /// <summary>Of <c>topk_group</c>.</summary>
    internal int GroupsPerToken { get; init; } = 1;

    /// <summary>Of <c>routed_scaling_factor</c>.</summary>
    internal double Scale { get; init; } = 1;

    /// <summary>A decoder with them.</summary>
    internal DecoderConfig AddTo(DecoderConfig decoder, ConfigFile config)
    {
        int width = config.Int("moe_intermediate_size", Width);
        return decoder with
        {
            Experts = new ExpertsConfig
            {
                Count = config.Int("n_routed_experts", Count),
                PerToken = config.Int("num_experts_per_tok", 8),
                Width = width,
                SharedWidth = config.Int("n_shared_experts", 1) * width,
                Score = RouterScore.Sigmoid,
                NormalizesChosen = config.Bool("norm_topk_prob", absent: true),
                Scale = config.Double("routed_scaling_factor", Scale),
                HasCorrection = true,
                Groups = config.Int("n_group", Groups),
                GroupsPerToken = config.Int("topk_group", GroupsPerToken),
                DenseBlocks = [.. Enumerable.Range(0, Math.Min(decoder.BlockCount, config.Int("first_k_dense_replace", DenseBlocks)))],
            },
            Names = Names,
        };
    }
}
