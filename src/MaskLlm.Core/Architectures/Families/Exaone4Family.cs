namespace MaskLlm.Architectures.Families;

/// <summary>EXAONE 4 (arXiv 2507.11407): norms of what attention and MLP give and of query and key heads; where some blocks have a window,
/// those without one are not turned.</summary>
internal static class Exaone4Family
{
    private const int Pattern = 4;

    private static readonly FamilyDefaults Defaults = new(MaxPositions: 2048, KeyValueHeads: 32) { Epsilon = ("rms_norm_eps", 1e-5) };

    private static readonly TensorNames Names = new()
    {
        InputNorm = null,
        AttentionNorm = "post_attention_layernorm",
        MlpNorm = null,
        OutputNorm = "post_feedforward_layernorm",
    };

    internal static DecoderConfig Read(ConfigFile config)
    {
        DecoderConfig decoder = LlamaFamily.Read(config, Defaults);
        int? window = config.Int("sliding_window", absent: FamilyDefaults.SlidingWindow, ifNull: null);
        // The pattern may be a text such as LLLG, beside which layer_types says the same.
        int pattern = window is null || config.Has("layer_types") ? Pattern : config.Int("sliding_window_pattern", Pattern);
        IReadOnlyList<int?> windows = LayerTypes.Windows(
            config, decoder.BlockCount, window, block => window is not null && (block + 1) % pattern != 0);
        return decoder with
        {
            QueryKeyNorm = QueryKeyNorm.Head,
            SlidingWindows = windows,
            RotatedBlocks = window is null ? [] : [.. windows.Select(size => size is not null)],
            Names = Names,
        };
    }
}
