namespace MaskLlm.Architectures.Families;

/// <summary>BLOOM (arXiv 2211.05100): ALiBi, a norm of the embedding, query, key and value of a head together in one tensor,
/// tied.</summary>
internal static class BloomFamily
{
    private static readonly TensorNames Names = new()
    {
        Embedding = "transformer.word_embeddings",
        EmbeddingNorm = "transformer.word_embeddings_layernorm",
        Blocks = "transformer.h.",
        FinalNorm = "transformer.ln_f",
        FusedQueryKeyValue = "self_attention.query_key_value",
        IsFusedByHead = true,
        AttentionOutput = "self_attention.dense",
        Gate = null,
        Up = "mlp.dense_h_to_4h",
        Down = "mlp.dense_4h_to_h",
    };

    internal static DecoderConfig Read(ConfigFile config)
    {
        if (config.Bool("apply_residual_connection_post_layernorm"))
            throw config.Unsupported("apply_residual_connection_post_layernorm", "true", "false");
        int heads = config.Int(config.Has("n_head") ? "n_head" : "num_attention_heads");
        int hidden = config.Int(config.Has("n_embed") ? "n_embed" : "hidden_size");
        if (hidden % heads != 0) throw config.Contradiction($"hidden_size {hidden} is not a multiple of n_head {heads}.");
        return new DecoderConfig
        {
            Family = "bloom",
            HiddenSize = hidden,
            IntermediateSize = 4 * hidden,
            BlockCount = config.Int(config.Has("n_layer") ? "n_layer" : "num_hidden_layers"),
            HeadCount = heads,
            KeyValueHeadCount = heads,
            HeadSize = hidden / heads,
            VocabularySize = config.Int("vocab_size"),
            // Nothing ends there: it is how long the texts were that BLOOM learned from.
            MaxPositions = config.Int("seq_length", 2048),
            NormEpsilon = config.Double("layer_norm_epsilon", 1e-5),
            Norm = NormKind.Layer,
            Rotary = null,
            HasAlibi = true,
            Activation = Activation.GeluTanh,
            TieWordEmbeddings = config.Bool("tie_word_embeddings", absent: true),
            QueryKeyValueBias = true,
            AttentionOutputBias = true,
            MlpBias = true,
            Names = Names,
        };
    }
}
