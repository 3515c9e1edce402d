namespace MaskLlm.Architectures.Families;

/// <summary>Qwen2 (bias on query, key and value) and Qwen3 (norms on query and key instead).</summary>
internal static class QwenFamily
{
    private static readonly FamilyDefaults Qwen2 = new(MaxPositions: 32768, KeyValueHeads: 32);
    private static readonly FamilyDefaults Qwen3 = new(MaxPositions: 32768, KeyValueHeads: 32, HeadSize: 128);

    internal static DecoderConfig ReadQwen2(ConfigFile config) =>
        WithWindows(config, LlamaFamily.Read(config, Qwen2) with { QueryKeyValueBias = true });

    /// <summary>The window of those blocks that have one; null where none does.</summary>
    internal static int? Window(ConfigFile config) => config.Bool("use_sliding_window")
        ? config.Int("sliding_window", absent: FamilyDefaults.SlidingWindow, ifNull: null) : null;

    /// <summary>The window of each block, or null; empty where no block has one.</summary>
    /// <param name="config">The file.</param>
    /// <param name="blocks">How many there are.</param>
    /// <param name="isWindowed">Whether a block has one, by <c>max_window_layers</c>, where the file has no <c>layer_types</c>.</param>
    /// <exception cref="InvalidDataException">A block slides and there is no window.</exception>
    internal static IReadOnlyList<int?> Windows(ConfigFile config, int blocks, Func<int, int, bool> isWindowed)
    {
        int? window = Window(config);
        IReadOnlyList<bool>? windowed = LayerTypes.Read(config, blocks);
        if (window is null && windowed?.Contains(true) == true)
            throw config.Contradiction(
                "layer_types names sliding_attention, and use_sliding_window is not true or sliding_window is null; mend the file.");
        if (window is null) return [];
        int first = config.Int("max_window_layers", FamilyDefaults.MaxWindowLayers);
        windowed ??= [.. Enumerable.Range(0, blocks).Select(block => isWindowed(block, first))];
        return [.. windowed.Select(slides => slides ? window : null)];
    }

    internal static DecoderConfig ReadQwen3(ConfigFile config)
    {
        bool bias = config.Bool("attention_bias");
        DecoderConfig decoder = LlamaFamily.Read(config, Qwen3) with
        {
            QueryKeyNorm = QueryKeyNorm.Head,
            QueryKeyValueBias = bias,
            AttentionOutputBias = bias,
        };
        return WithWindows(config, decoder);
    }

    private static DecoderConfig WithWindows(ConfigFile config, DecoderConfig decoder) =>
        decoder with { SlidingWindows = Windows(config, decoder.BlockCount, (block, first) => block >= first) };
}
