namespace MaskLlm.Architectures.Families;

/// <summary>Qwen2 (bias on query, key and value) and Qwen3 (norms on query and key instead).</summary>
internal static class QwenFamily
{
    private static readonly FamilyDefaults Qwen2 = new(MaxPositions: 32768, KeyValueHeads: 32);
    private static readonly FamilyDefaults Qwen3 = new(MaxPositions: 32768, KeyValueHeads: 32, HeadSize: 128);

    internal static DecoderConfig ReadQwen2(ConfigFile config) =>
        WithWindows(config, LlamaFamily.Read(config, Qwen2) with { QueryKeyValueBias = true });

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

    // layer_types is transformers 5's spelling; before it, blocks from max_window_layers on were windowed.
    private static DecoderConfig WithWindows(ConfigFile config, DecoderConfig decoder)
    {
        int? window = config.Bool("use_sliding_window")
            ? config.Int("sliding_window", absent: FamilyDefaults.SlidingWindow, ifNull: null)
            : null;
        IReadOnlyList<bool>? windowed = LayerTypes.Read(config, decoder.BlockCount);
        if (window is null && windowed?.Contains(true) == true)
            throw config.Contradiction(
                "layer_types names sliding_attention, and use_sliding_window is not true or sliding_window is null; mend the file.");
        if (window is null) return decoder;
        windowed ??= FromBlock(config.Int("max_window_layers", FamilyDefaults.MaxWindowLayers), decoder.BlockCount);
        return decoder with { SlidingWindows = [.. windowed.Select(isWindowed => isWindowed ? window : null)] };
    }

    private static IReadOnlyList<bool> FromBlock(int first, int blocks) => [.. Enumerable.Range(0, blocks).Select(block => block >= first)];
}
