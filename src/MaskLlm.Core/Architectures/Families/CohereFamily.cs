namespace MaskLlm.Architectures.Families;

/// <summary>Command R (attention and MLP side by side behind one norm without a bias, neighbours of a head turned) and Command R7B and A,
/// whose blocks with a window are turned and the others not.</summary>
internal static class CohereFamily
{
    private const int Pattern = 4;

    private static readonly FamilyDefaults Cohere = new(MaxPositions: 8192)
    {
        Epsilon = ("layer_norm_eps", 1e-5),
        TiesEmbeddings = true,
        Theta = 500000,
    };

    private static readonly FamilyDefaults Cohere2 = Cohere with { Theta = FamilyDefaults.RotaryTheta };

    private static readonly TensorNames Names = new() { MlpNorm = TensorNames.Llama.InputNorm };

    internal static DecoderConfig ReadCohere(ConfigFile config)
    {
        // Each head has weights of its own, in one tensor of two dimensions.
        if (config.Bool("use_qk_norm")) throw config.Unsupported("use_qk_norm", "true", "false, queries and keys as they are,");
        return Read(config, Cohere);
    }

    internal static DecoderConfig ReadCohere2(ConfigFile config)
    {
        DecoderConfig decoder = Read(config, Cohere2);
        int pattern = config.Int("sliding_window_pattern", Pattern);
        int? window = config.Int("sliding_window", absent: FamilyDefaults.SlidingWindow, ifNull: null);
        IReadOnlyList<int?> windows = LayerTypes.Windows(config, decoder.BlockCount, window, block => (block + 1) % pattern != 0);
        return decoder with { SlidingWindows = windows, RotatedBlocks = [.. windows.Select(size => size is not null)] };
    }

    private static DecoderConfig Read(ConfigFile config, FamilyDefaults defaults)
    {
        bool bias = config.Bool("attention_bias");
        DecoderConfig decoder = LlamaFamily.Read(config, defaults);
        return decoder with
        {
            Norm = NormKind.Layer,
            NormBias = false,
            IsParallel = true,
            Rotary = decoder.Rotary! with { TurnsNeighbours = true },
            LogitDivisor = 1 / config.Double("logit_scale", 0.0625),
            QueryKeyValueBias = bias,
            AttentionOutputBias = bias,
            Names = Names,
        };
    }
}
