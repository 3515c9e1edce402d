namespace MaskLlm.Architectures.Families;

/// <summary>Granite 3: Llama with multipliers of embedding, attention, residual sum and logits.</summary>
internal static class GraniteFamily
{
    private static readonly FamilyDefaults Defaults = new(MaxPositions: 2048);

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
}
