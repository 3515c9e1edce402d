namespace MaskLlm.Architectures.Families;

/// <summary>GPT-2: learned positions, weights stored (inputs, outputs), one tensor for query, key and value, tied.</summary>
internal static class Gpt2Family
{
    private static readonly TensorNames Names = new()
    {
        Embedding = "transformer.wte",
        Positions = "transformer.wpe",
        Blocks = "transformer.h.",
        FinalNorm = "transformer.ln_f",
        InputNorm = "ln_1",
        MlpNorm = "ln_2",
        FusedQueryKeyValue = "attn.c_attn",
        AttentionOutput = "attn.c_proj",
        Gate = null,
        Up = "mlp.c_fc",
        Down = "mlp.c_proj",
        IsTransposed = true,
        Unread = [".attn.bias", ".attn.masked_bias"],
    };

    internal static DecoderConfig Read(ConfigFile config)
    {
        if (config.Bool("add_cross_attention")) throw config.Unsupported("add_cross_attention", "true", "a decoder alone");
        int heads = config.Int("n_head"), hidden = config.Int("n_embd");
        if (hidden % heads != 0) throw config.Contradiction($"n_embd {hidden} is not a multiple of n_head {heads}.");
        return new DecoderConfig
        {
            Family = "gpt2",
            HiddenSize = hidden,
            IntermediateSize = config.Int("n_inner", absent: null, ifNull: null) ?? 4 * hidden,
            BlockCount = config.Int("n_layer"),
            HeadCount = heads,
            KeyValueHeadCount = heads,
            HeadSize = hidden / heads,
            VocabularySize = config.Int("vocab_size"),
            MaxPositions = config.Int("n_positions", 1024),
            NormEpsilon = config.Double("layer_norm_epsilon", 1e-5),
            Norm = NormKind.Layer,
            Rotary = null,
            Activation = ActivationReader.Read(config, "activation_function", Activation.GeluTanh),
            AttentionScale = config.Bool("scale_attn_weights", absent: true) ? null : 1,
            AttentionScaleFallsByBlock = config.Bool("scale_attn_by_inverse_layer_idx"),
            TieWordEmbeddings = config.Bool("tie_word_embeddings", absent: true),
            QueryKeyValueBias = true,
            AttentionOutputBias = true,
            MlpBias = true,
            Names = Names,
        };
    }
}
