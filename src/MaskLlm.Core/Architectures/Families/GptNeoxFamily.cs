namespace MaskLlm.Architectures.Families;

/// <summary>GPT-NeoX and Pythia: attention and MLP side by side, query, key and value of a head together in one tensor, a part of a head
/// turned.</summary>
internal static class GptNeoxFamily
{
    private static readonly FamilyDefaults Defaults = new(MaxPositions: 2048)
    {
        Epsilon = ("layer_norm_eps", 1e-5),
        ThetaKey = "rotary_emb_base",
        RotaryFraction = 0.25,
        RotaryFractionKey = "rotary_pct",
    };

    private static readonly TensorNames Names = new()
    {
        Embedding = "gpt_neox.embed_in",
        Blocks = "gpt_neox.layers.",
        FinalNorm = "gpt_neox.final_layer_norm",
        Head = "embed_out",
        FusedQueryKeyValue = "attention.query_key_value",
        IsFusedByHead = true,
        AttentionOutput = "attention.dense",
        Gate = null,
        Up = "mlp.dense_h_to_4h",
        Down = "mlp.dense_4h_to_h",
        Unread = [".attention.bias", ".attention.masked_bias", ".rotary_emb.inv_freq"],
    };

    internal static DecoderConfig Read(ConfigFile config)
    {
        bool bias = config.Bool("attention_bias", absent: true);
        DecoderConfig decoder = LlamaFamily.Read(config, Defaults);
        if (decoder.KeyValueHeadCount != decoder.HeadCount)
            throw config.Contradiction("num_key_value_heads is not num_attention_heads, and a GPT-NeoX has one for each head.");
        return decoder with
        {
            Norm = NormKind.Layer,
            Activation = ActivationReader.Read(config, "hidden_act", Activation.Gelu),
            IsParallel = config.Bool("use_parallel_residual", absent: true),
            QueryKeyValueBias = bias,
            AttentionOutputBias = bias,
            MlpBias = true,
            Names = Names,
        };
    }
}
