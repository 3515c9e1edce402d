namespace MaskLlm.Architectures.Families;

/// <summary>
/// Gemma (scaled embedding, norms of one plus their weight), Gemma 2 (norms on both sides, caps, every other block windowed) and
/// Gemma 3 (norms of queries and keys, two bases of rotation).
/// </summary>
internal static class GemmaFamily
{
    private const int Gemma3Pattern = 6;
    private const double Gemma3Theta = 1e6;

    private static readonly FamilyDefaults Gemma = new(MaxPositions: 8192, KeyValueHeads: 16, HeadSize: 256) { TiesEmbeddings = true };
    private static readonly FamilyDefaults Gemma2 = new(MaxPositions: 8192, KeyValueHeads: 4, HeadSize: 256) { TiesEmbeddings = true };

    private static readonly FamilyDefaults Gemma3 = new(MaxPositions: 131072, KeyValueHeads: 4, HeadSize: 256)
    {
        TiesEmbeddings = true,
        Theta = Gemma3Theta,
        RotatesByKindOfBlock = true,
    };

    private static readonly TensorNames FourNorms = new()
    {
        AttentionNorm = "post_attention_layernorm",
        MlpNorm = "pre_feedforward_layernorm",
        OutputNorm = "post_feedforward_layernorm",
    };

    internal static DecoderConfig ReadGemma(ConfigFile config)
    {
        RequireCausal(config);
        // The other key is transformers 4's, and nothing reads it any more.
        if (config.Text("hidden_activation") is { } other && other != config.Text("hidden_act"))
            config.Notes.Add(
                $"{config.Where}hidden_act is taken and hidden_activation beside it is not read, as in transformers; remove one.");
        bool bias = config.Bool("attention_bias");
        DecoderConfig decoder = LlamaFamily.Read(config, Gemma);
        return decoder with
        {
            NormAddsOne = true,
            EmbeddingScale = Math.Sqrt(decoder.HiddenSize),
            Activation = ActivationReader.Read(config, "hidden_act", Activation.GeluTanh),
            QueryKeyValueBias = bias,
            AttentionOutputBias = bias,
        };
    }

    internal static DecoderConfig ReadGemma2(ConfigFile config) => FourNormed(config, Gemma2, block => block % 2 == 0) with
    {
        AttentionSoftCap = config.Names("attn_logit_softcapping") ? config.DoubleOrNull("attn_logit_softcapping") : 50,
        LogitSoftCap = config.Names("final_logit_softcapping") ? config.DoubleOrNull("final_logit_softcapping") : 30,
    };

    internal static DecoderConfig ReadGemma3(ConfigFile config)
    {
        int pattern = config.Int("sliding_window_pattern", Gemma3Pattern);
        DecoderConfig decoder = FourNormed(config, Gemma3, block => (block + 1) % pattern != 0, needsWindow: true);
        double theta = config.Double("rope_theta", Gemma3Theta), local = config.Double("rope_local_base_freq", FamilyDefaults.RotaryTheta);
        return decoder with
        {
            QueryKeyNorm = QueryKeyNorm.Head,
            Rotary = RotaryOf(config, "full_attention", theta, scales: true),
            WindowRotary = RotaryOf(config, "sliding_attention", local, scales: false),
            AttentionSoftCap = config.DoubleOrNull("attn_logit_softcapping"),
            LogitSoftCap = config.DoubleOrNull("final_logit_softcapping"),
        };
    }

    // rope_parameters has an object for each kind of block; rope_scaling, older, is of those without a window.
    private static RotaryConfig RotaryOf(ConfigFile config, string kind, double theta, bool scales)
    {
        RotaryConfig rotary = config.Object("rope_parameters")?.Object(kind) is { } settings
            ? RotaryReader.OfSettings(config, settings, Gemma3, theta) : new RotaryConfig(theta);
        return scales && config.Object("rope_scaling") is { IsEmpty: false } scaling
            ? RotaryReader.OfSettings(config, scaling, Gemma3, rotary.Theta, rotary.Fraction) : rotary;
    }

    private static void RequireCausal(ConfigFile config)
    {
        if (config.Bool("use_bidirectional_attention")) throw config.Unsupported("use_bidirectional_attention", "true", "false, a decoder");
    }

    private static DecoderConfig FourNormed(ConfigFile config, FamilyDefaults defaults, Func<int, bool> isWindowed,
        bool needsWindow = false)
    {
        RequireCausal(config);
        bool bias = config.Bool("attention_bias");
        DecoderConfig decoder = LlamaFamily.Read(config, defaults);
        int? window = config.Int("sliding_window", absent: FamilyDefaults.SlidingWindow, ifNull: null);
        IReadOnlyList<bool> types = LayerTypes.Read(config, decoder.BlockCount)
            ?? [.. Enumerable.Range(0, decoder.BlockCount).Select(isWindowed)];
        if (needsWindow && window is null && types.Contains(true))
            throw config.Contradiction("sliding_window is null, and blocks of sliding_attention need one; mend the file.");
        return decoder with
        {
            NormAddsOne = true,
            EmbeddingScale = Math.Sqrt(decoder.HiddenSize),
            Activation = ActivationReader.Read(config, "hidden_activation", Activation.GeluTanh),
            AttentionScale = 1 / Math.Sqrt(config.Double("query_pre_attn_scalar", 256)),
            SlidingWindows = [.. types.Select(windowed => windowed ? window : null)],
            QueryKeyValueBias = bias,
            AttentionOutputBias = bias,
            Names = FourNorms,
        };
    }
}
