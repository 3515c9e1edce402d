namespace MaskLlm.Architectures.Families;

/// <summary>GPT-J: attention and MLP side by side behind one norm, neighbours of a part of a head turned, a head with a bias.</summary>
internal static class GptJFamily
{
    private static readonly TensorNames Names = new()
    {
        Embedding = "transformer.wte",
        Blocks = "transformer.h.",
        FinalNorm = "transformer.ln_f",
        InputNorm = "ln_1",
        MlpNorm = "ln_1",
        Query = "attn.q_proj",
        Key = "attn.k_proj",
        Value = "attn.v_proj",
        AttentionOutput = "attn.out_proj",
        Gate = null,
        Up = "mlp.fc_in",
        Down = "mlp.fc_out",
        Unread = [".attn.bias", ".attn.masked_bias"],
    };

    internal static DecoderConfig Read(ConfigFile config)
    {
        int heads = config.Int("n_head"), hidden = config.Int("n_embd"), size = hidden / heads;
        if (hidden % heads != 0) throw config.Contradiction($"n_embd {hidden} is not a multiple of n_head {heads}.");
        int turned = config.Int("rotary_dim", absent: 64, ifNull: null)
            ?? throw config.Unsupported("rotary_dim", "null", "a number of dimensions");
        if (turned > size) throw config.Contradiction($"rotary_dim {turned} is more than the {size} dimensions of a head.");
        // A quotient that is rounded down would leave one dimension less.
        double fraction = (double)turned / size;
        if ((int)(size * fraction) < turned) fraction = Math.BitIncrement(fraction);
        return new DecoderConfig
        {
            Family = "gptj",
            HiddenSize = hidden,
            IntermediateSize = config.Int("n_inner", absent: null, ifNull: null) ?? 4 * hidden,
            BlockCount = config.Int("n_layer"),
            HeadCount = heads,
            KeyValueHeadCount = heads,
            HeadSize = size,
            VocabularySize = config.Int("vocab_size"),
            MaxPositions = config.Int("n_positions", 2048),
            NormEpsilon = config.Double("layer_norm_epsilon", 1e-5),
            Norm = NormKind.Layer,
            Rotary = new RotaryConfig(FamilyDefaults.RotaryTheta, Fraction: fraction) { TurnsNeighbours = true },
            Activation = ActivationReader.Read(config, "activation_function", Activation.GeluTanh),
            IsParallel = true,
            TieWordEmbeddings = config.Bool("tie_word_embeddings"),
            HeadBias = true,
            MlpBias = true,
            Names = Names,
        };
    }
}
