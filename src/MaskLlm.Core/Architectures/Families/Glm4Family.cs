namespace MaskLlm.Architectures.Families;

/// <summary>GLM-4-0414: norms of what attention and MLP read and of what they give, one tensor for gate and up, neighbours of half a head
/// turned.</summary>
internal static class Glm4Family
{
    private static readonly FamilyDefaults Defaults = new(MaxPositions: 131072, KeyValueHeads: 2, HeadSize: 128)
    {
        Epsilon = ("rms_norm_eps", 1.5625e-7),
        RotaryFraction = 0.5,
    };

    private static readonly TensorNames Names = new()
    {
        AttentionNorm = "post_self_attn_layernorm",
        OutputNorm = "post_mlp_layernorm",
        FusedGateUp = "mlp.gate_up_proj",
    };

    internal static DecoderConfig Read(ConfigFile config)
    {
        DecoderConfig decoder = LlamaFamily.Read(config, Defaults);
        return decoder with
        {
            Rotary = decoder.Rotary! with { TurnsNeighbours = true },
            QueryKeyValueBias = config.Bool("attention_bias", absent: true),
            Names = Names,
        };
    }
}
