namespace MaskLlm.Architectures.Families;

/// <summary>Ministral 8B: Mistral with a window in the blocks that layer_types names.</summary>
internal static class MinistralFamily
{
    private static readonly FamilyDefaults Defaults = new(MaxPositions: 131072, KeyValueHeads: 8);

    internal static DecoderConfig Read(ConfigFile config)
    {
        DecoderConfig decoder = LlamaFamily.Read(config, Defaults);
        int? window = config.Int("sliding_window", absent: FamilyDefaults.SlidingWindow, ifNull: null);
        return decoder with
        {
            SlidingWindows = LayerTypes.Windows(config, decoder.BlockCount, window, _ => window is not null),
        };
    }
}
