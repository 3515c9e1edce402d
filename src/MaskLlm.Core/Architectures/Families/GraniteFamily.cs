namespace MaskLlm.Architectures.Families;

/// <summary>Granite 3: Llama with multipliers of embedding, attention, residual sum and logits; as a mixture the experts of a block are
/// one tensor.</summary>
internal static class GraniteFamily
{
    private static readonly FamilyDefaults Defaults = new(MaxPositions: 2048);

    private static readonly TensorNames ExpertNames = new()
    {
        Router = "block_sparse_moe.router.layer",
        FusedExpertsGateUp = "block_sparse_moe.input_linear.weight",
        FusedExpertsDown = "block_sparse_moe.output_linear.weight",
    };

    internal static DecoderConfig Read(ConfigFile config)
    {
        bool bias = config.Bool("attention_bias");
        return LlamaFamily.Read(config, Defaults) with
        {
            QueryKeyValueBias = bias,
            AttentionOutputBias = bias,
            MlpBias = config.Bool("mlp_bias"),
            EmbeddingScale = config.Double("embedding_multiplier", 1),
            AttentionScale = config.Double("attention_multiplier", 1),
            ResidualMultiplier = config.Double("residual_multiplier", 1),
            LogitDivisor = config.Double("logits_scaling", 1),
        };
    }

    internal static DecoderConfig ReadExperts(ConfigFile config)
    {
        DecoderConfig decoder = Read(config);
        return decoder with
        {
            MlpBias = false,
            Experts = new ExpertsConfig
            {
                Count = ExpertsReader.Count(config, absent: 8),
                PerToken = config.Int("num_experts_per_tok", 2),
                Width = decoder.IntermediateSize,
                // The softmax is over the chosen ones alone.
                NormalizesChosen = true,
            },
            Names = ExpertNames,
        };
    }
}
