namespace MaskLlm.Architectures.Families;

/// <summary>Falcon (arXiv 2311.16867): attention and MLP side by side, behind one norm (7B, 11B) or each behind its own (40B, 180B); one
/// tensor for all queries and one key-value head (7B), or for the queries of each key-value head with its key and its value.</summary>
internal static class FalconFamily
{
    private static readonly FamilyDefaults Defaults = new(MaxPositions: 2048);

    private static readonly TensorNames Sequential = new()
    {
        Embedding = "transformer.word_embeddings",
        Blocks = "transformer.h.",
        FinalNorm = "transformer.ln_f",
        FusedQueryKeyValue = "self_attention.query_key_value",
        AttentionOutput = "self_attention.dense",
        Gate = null,
        Up = "mlp.dense_h_to_4h",
        Down = "mlp.dense_4h_to_h",
    };

    private static readonly TensorNames OneNorm = Sequential with { MlpNorm = Sequential.InputNorm };

    private static readonly TensorNames TwoNorms = Sequential with { InputNorm = "ln_attn", MlpNorm = "ln_mlp" };

    internal static DecoderConfig Read(ConfigFile config)
    {
        if (config.Bool("alibi")) throw config.Unsupported("alibi", "true", "false, rotary embedding,");
        bool isNew = config.Bool("new_decoder_architecture"), isParallel = config.Bool("parallel_attn", absent: true);
        if (isNew && !isParallel) throw config.Contradiction("parallel_attn is false, and in a new_decoder_architecture it is true.");
        bool hasOneKey = !isNew && config.Bool("multi_query", absent: true);
        int norms = config.Int("num_ln_in_parallel_attn", absent: null, ifNull: null) ?? (isNew ? 2 : 1);
        if (norms == 2 && !isNew) throw config.Contradiction("num_ln_in_parallel_attn is 2, and only a new_decoder_architecture has two.");
        int heads = config.Int(config.Has("n_head") ? "n_head" : "num_attention_heads"), hidden = config.Int("hidden_size");
        if (hidden % heads != 0) throw config.Contradiction($"hidden_size {hidden} is not a multiple of num_attention_heads {heads}.");
        int keyValueHeads = config.Int("num_kv_heads", absent: heads, ifNull: heads)!.Value;
        if (!isNew && !hasOneKey && keyValueHeads != heads)
            throw config.Contradiction("num_kv_heads is not num_attention_heads, and only a new_decoder_architecture has groups of heads.");
        bool bias = config.Bool("bias");
        return new DecoderConfig
        {
            Family = "falcon",
            HiddenSize = hidden,
            IntermediateSize = config.Int("ffn_hidden_size", absent: null, ifNull: null) ?? 4 * hidden,
            BlockCount = config.Int(config.Has("n_layer") ? "n_layer" : "num_hidden_layers"),
            HeadCount = heads,
            KeyValueHeadCount = hasOneKey ? 1 : keyValueHeads,
            HeadSize = hidden / heads,
            VocabularySize = config.Int("vocab_size"),
            MaxPositions = config.Int("max_position_embeddings", Defaults.MaxPositions),
            NormEpsilon = config.Double("layer_norm_epsilon", 1e-5),
            Norm = NormKind.Layer,
            Rotary = RotaryReader.Read(config, Defaults),
            Activation = ActivationReader.Read(config, "activation", Activation.Gelu),
            IsParallel = isParallel,
            TieWordEmbeddings = config.Bool("tie_word_embeddings", absent: true),
            QueryKeyValueBias = bias,
            AttentionOutputBias = bias,
            MlpBias = bias,
            Names = (!isParallel ? Sequential : norms == 2 ? TwoNorms : OneNorm) with { IsFusedByHead = !hasOneKey },
        };
    }
}
