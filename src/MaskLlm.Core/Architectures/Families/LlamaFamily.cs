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
        int heads = config.Int("num_attention_heads"), hidden = config.Int("hidden_size");
        RotaryConfig rotary = RotaryReader.Read(config, defaults);
        int positions = config.Int("max_position_embeddings", defaults.MaxPositions);
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
            Activation = ActivationReader.Read(config, "hidden_act", Activation.Silu),
            // A base that grows with the text reaches beyond what the file says.
            MaxPositions = rotary.Scaling is { Kind: RotaryScalingKind.Dynamic, Factor: > 1 } grown
                ? (int)Math.Min(int.MaxValue, positions * grown.Factor) : positions,
            NormEpsilon = config.Double(defaults.Epsilon.Key, defaults.Epsilon.Value),
            Rotary = rotary,
            TieWordEmbeddings = config.Bool("tie_word_embeddings", defaults.TiesEmbeddings),
        };
    }

    private static int HeadSize(ConfigFile config, int hidden, int heads) => hidden % heads == 0 ? hidden / heads
        : throw config.Contradiction($"hidden_size {hidden} is not a multiple of num_attention_heads {heads}, and there is no head_dim.");
}
