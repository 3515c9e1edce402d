namespace MaskLlm.Architectures.Families;

/// <summary>SmolLM3: Llama whose every fourth block is not turned.</summary>
internal static class SmolLm3Family
{
    private const int Interval = 4;

    private static readonly FamilyDefaults Defaults = new(MaxPositions: 32768, KeyValueHeads: 4) { TiesEmbeddings = true, Theta = 2e6 };

    internal static DecoderConfig Read(ConfigFile config)
    {
        bool bias = config.Bool("attention_bias");
        DecoderConfig decoder = LlamaFamily.Read(config, Defaults);
        bool[] rotated = Rotated(config, decoder.BlockCount);
        int? window = config.Bool("use_sliding_window") ? config.Int("sliding_window", absent: null, ifNull: null) : null;
        return decoder with
        {
            RotatedBlocks = rotated,
            SlidingWindows = LayerTypes.Windows(config, decoder.BlockCount, window, block => window is not null && !rotated[block]),
            QueryKeyValueBias = bias,
            AttentionOutputBias = bias,
            MlpBias = config.Bool("mlp_bias"),
        };
    }

    // In the list 1 is of a block that is turned, whatever its name says.
    private static bool[] Rotated(ConfigFile config, int blocks)
    {
        if (config.Doubles("no_rope_layers") is not { } listed)
        {
            int interval = config.Int("no_rope_layer_interval", Interval);
            return [.. Enumerable.Range(1, blocks).Select(number => number % interval != 0)];
        }
        return listed.Count >= blocks ? [.. listed.Take(blocks).Select(turned => turned != 0)]
            : throw config.Contradiction(
                $"no_rope_layers has {listed.Count} entries and num_hidden_layers is {blocks}; one a block is needed.");
    }
}
