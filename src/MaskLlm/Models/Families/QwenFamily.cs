namespace MaskLlm.Models.Families;

/// <summary>Qwen2 (bias on query, key and value) and Qwen3 (norms on query and key instead).</summary>
internal static class QwenFamily
{
    internal static DecoderConfig ReadQwen2(ConfigFile config) =>
        WithWindows(config, LlamaFamily.Read(config) with { QueryKeyValueBias = true, AttentionOutputBias = false });

    internal static DecoderConfig ReadQwen3(ConfigFile config) =>
        WithWindows(config, LlamaFamily.Read(config) with { QueryKeyNorm = true });

    // layer_types is transformers 5's spelling; before it, blocks from max_window_layers on were windowed.
    private static DecoderConfig WithWindows(ConfigFile config, DecoderConfig decoder)
    {
        if (!config.Bool("use_sliding_window", false) || !config.Has("sliding_window")) return decoder;
        int window = config.Int("sliding_window");
        IReadOnlyList<string>? types = config.Texts("layer_types");
        int firstWindowed = config.Int("max_window_layers", 0);
        bool IsWindowed(int block) => types is null ? block >= firstWindowed : types[block] == "sliding_attention";
        return decoder with { SlidingWindows = [.. Enumerable.Range(0, decoder.BlockCount).Select(b => IsWindowed(b) ? window : (int?)null)] };
    }
}
