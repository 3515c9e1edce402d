namespace MaskLlm.Architectures.Families;

/// <summary>GLM-4.5 (arXiv 2508.06471): the first blocks dense, then experts that are chosen by sigmoids with a correction beside an MLP
/// that every token goes through; half of a head turned.</summary>
internal static class Glm4MoeFamily
{
    private static readonly FamilyDefaults Defaults = new(MaxPositions: 131072, KeyValueHeads: 8)
    {
        Epsilon = ("rms_norm_eps", 1e-5),
        RotaryFraction = 0.5,
    };

    private static readonly TensorNames Names = new() { SharedExpert = "mlp.shared_experts." };

    internal static DecoderConfig Read(ConfigFile config)
    {
        DecoderConfig decoder = LlamaFamily.Read(config, Defaults);
        int width = config.Int("moe_intermediate_size", 1408);
        return decoder with
        {
            QueryKeyNorm = config.Bool("use_qk_norm") ? QueryKeyNorm.Head : QueryKeyNorm.None,
            QueryKeyValueBias = config.Bool("attention_bias"),
            Experts = new ExpertsConfig
            {
                Count = config.Int("n_routed_experts", 128),
                PerToken = config.Int("num_experts_per_tok", 8),
                Width = width,
                SharedWidth = config.Int("n_shared_experts", 1) * width,
                Score = RouterScore.Sigmoid,
                NormalizesChosen = config.Bool("norm_topk_prob", absent: true),
                Scale = config.Double("routed_scaling_factor", 1),
                HasCorrection = true,
                Groups = config.Int("n_group", 1),
                GroupsPerToken = config.Int("topk_group", 1),
                DenseBlocks = [.. Enumerable.Range(0, Math.Min(decoder.BlockCount, config.Int("first_k_dense_replace", 1)))],
            },
            Names = Names,
        };
    }
}
