namespace MaskLlm.Architectures.Families;

/// <summary>OPT (arXiv 2205.01068): learned positions that begin two rows down, biases, ReLU, tied.</summary>
internal static class OptFamily
{
    private static readonly TensorNames Names = new()
    {
        Embedding = "model.decoder.embed_tokens",
        Positions = "model.decoder.embed_positions",
        Blocks = "model.decoder.layers.",
        FinalNorm = "model.decoder.final_layer_norm",
        InputNorm = "self_attn_layer_norm",
        MlpNorm = "final_layer_norm",
        AttentionOutput = "self_attn.out_proj",
        Gate = null,
        Up = "fc1",
        Down = "fc2",
    };

    internal static DecoderConfig Read(ConfigFile config)
    {
        int heads = config.Int("num_attention_heads"), hidden = config.Int("hidden_size");
        if (hidden % heads != 0) throw config.Contradiction($"hidden_size {hidden} is not a multiple of num_attention_heads {heads}.");
        RequireNormsBefore(config);
        if (config.Int("word_embed_proj_dim", absent: null, ifNull: null) is { } width && width != hidden)
            throw config.Unsupported("word_embed_proj_dim", $"{width}", $"hidden_size, {hidden},");
        bool bias = config.Bool("enable_bias", absent: true);
        return new DecoderConfig
        {
            Family = "opt",
            HiddenSize = hidden,
            IntermediateSize = config.Int("ffn_dim"),
            BlockCount = config.Int("num_hidden_layers"),
            HeadCount = heads,
            KeyValueHeadCount = heads,
            HeadSize = hidden / heads,
            VocabularySize = config.Int("vocab_size"),
            MaxPositions = config.Int("max_position_embeddings", 2048),
            PositionOffset = 2,
            NormEpsilon = 1e-5,
            Norm = NormKind.Layer,
            Rotary = null,
            Activation = ActivationReader.Read(config, "activation_function", Activation.Relu),
            TieWordEmbeddings = config.Bool("tie_word_embeddings", absent: true),
            QueryKeyValueBias = bias,
            AttentionOutputBias = bias,
            MlpBias = bias,
            Names = Names,
        };
    }

    private static void RequireNormsBefore(ConfigFile config)
    {
        if (!config.Bool("do_layer_norm_before", absent: true))
            throw config.Unsupported("do_layer_norm_before", "false", "true, norms before attention and MLP,");
        if (config.Bool("_remove_final_layer_norm")) throw config.Unsupported("_remove_final_layer_norm", "true", "false");
        if (!config.Bool("layer_norm_elementwise_affine", absent: true))
            throw config.Unsupported("layer_norm_elementwise_affine", "false", "true, norms with weights,");
    }
}
