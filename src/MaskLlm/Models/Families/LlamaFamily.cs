namespace MaskLlm.Models.Families;

/// <summary>Llama 1 to 3.x, and the base that Mistral and Qwen vary.</summary>
internal static class LlamaFamily
{
    internal static DecoderConfig Read(ConfigFile config)
    {
        string activation = config.Text("hidden_act") ?? "silu";
        if (activation != "silu") throw config.Unsupported("hidden_act", activation, "silu");
        int hidden = config.Int("hidden_size"), heads = config.Int("num_attention_heads");
        bool attentionBias = config.Bool("attention_bias", false);
        return new DecoderConfig
        {
            Family = config.Text("model_type")!,
            HiddenSize = hidden,
            IntermediateSize = config.Int("intermediate_size"),
            BlockCount = config.Int("num_hidden_layers"),
            HeadCount = heads,
            KeyValueHeadCount = config.Int("num_key_value_heads", heads),
            HeadSize = config.Int("head_dim", heads > 0 ? hidden / heads : 0),
            VocabularySize = config.Int("vocab_size"),
            MaxPositions = config.Int("max_position_embeddings", 2048),
            NormEpsilon = config.Double("rms_norm_eps", 1e-6),
            Rotary = RotaryReader.Read(config),
            TieWordEmbeddings = config.Bool("tie_word_embeddings", false),
            QueryKeyValueBias = attentionBias,
            AttentionOutputBias = attentionBias,
            MlpBias = config.Bool("mlp_bias", false),
        };
    }
}
