namespace MaskLlm.Architectures.Families;

/// <summary>OLMo 2 (arXiv 2501.00656): norms of what attention and MLP give instead of what they read, and of all queries and
/// keys.</summary>
internal static class Olmo2Family
{
    private static readonly FamilyDefaults Defaults = new(MaxPositions: 2048) { Epsilon = ("rms_norm_eps", 1e-5) };

    private static readonly TensorNames Names = new()
    {
        InputNorm = null,
        AttentionNorm = "post_attention_layernorm",
        MlpNorm = null,
        OutputNorm = "post_feedforward_layernorm",
    };

    internal static DecoderConfig Read(ConfigFile config)
    {
        bool bias = config.Bool("attention_bias");
        return LlamaFamily.Read(config, Defaults) with
        {
            QueryKeyNorm = QueryKeyNorm.Whole,
            QueryKeyValueBias = bias,
            AttentionOutputBias = bias,
            Names = Names,
        };
    }
}
