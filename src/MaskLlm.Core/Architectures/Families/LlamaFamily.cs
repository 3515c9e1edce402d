namespace MaskLlm.Architectures.Families;

/// <summary>Llama 1 to 3.x, and the base that Mistral and Qwen vary.</summary>
internal static class LlamaFamily
{
    private static readonly FamilyDefaults Defaults = new(MaxPositions: 2048);

    internal static DecoderConfig Read(ConfigFile config)
    {
        bool attentionBias = config.Bool("attention_bias");
        DecoderConfig decoder = Read(config, Defaults);
        if (LayerTypes.Read(config, decoder.BlockCount)?.Contains(true) == true)
            throw config.Contradiction("layer_types names sliding_attention, and a Llama has no window; mend the file.");
        return decoder with
        {
            QueryKeyValueBias = attentionBias,
            AttentionOutputBias = attentionBias,
            MlpBias = config.Bool("mlp_bias"),
        };
    }

    /// <summary>What all families share; none has a bias yet.</summary>
    internal static DecoderConfig Read(ConfigFile config, FamilyDefaults defaults)
    {
        RequireActivation(config);
        int heads = config.Int("num_attention_heads"), hidden = config.Int("hidden_size");
        return new DecoderConfig
        {
            Family = config.Text("model_type")!,
            HiddenSize = hidden,
            IntermediateSize = config.Int("intermediate_size"),
            BlockCount = config.Int("num_hidden_layers"),
            HeadCount = heads,
            KeyValueHeadCount = config.Int("num_key_value_heads", absent: defaults.KeyValueHeads ?? heads, ifNull: heads)!.Value,
            HeadSize = config.Int("head_dim", absent: defaults.HeadSize, ifNull: null) ?? HeadSize(config, hidden, heads),
            VocabularySize = config.Int("vocab_size"),
            MaxPositions = config.Int("max_position_embeddings", defaults.MaxPositions),
            NormEpsilon = config.Double("rms_norm_eps", FamilyDefaults.NormEpsilon),
            Rotary = RotaryReader.Read(config),
            TieWordEmbeddings = config.Bool("tie_word_embeddings"),
        };
    }

    // swish is transformers' other name of the same function.
    private static void RequireActivation(ConfigFile config)
    {
        string activation = config.Names("hidden_act") ? config.Text("hidden_act") ?? "null" : "silu";
        if (activation is not ("silu" or "swish")) throw config.Unsupported("hidden_act", activation, "silu");
    }

    private static int HeadSize(ConfigFile config, int hidden, int heads) => hidden % heads == 0 ? hidden / heads
        : throw config.Contradiction($"hidden_size {hidden} is not a multiple of num_attention_heads {heads}, and there is no head_dim.");
}
