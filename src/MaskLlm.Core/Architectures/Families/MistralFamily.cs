namespace MaskLlm.Architectures.Families;

/// <summary>Mistral: Llama without biases whose attention may see only a window of tokens.</summary>
internal static class MistralFamily
{
    private static readonly FamilyDefaults Defaults = new(MaxPositions: 131072, KeyValueHeads: 8);

    internal static DecoderConfig Read(ConfigFile config)
    {
        DecoderConfig decoder = LlamaFamily.Read(config, Defaults);
        int? window = config.Int("sliding_window", absent: FamilyDefaults.SlidingWindow, ifNull: null);
        // The window is of every block, or of none: transformers reads no layer_types here.
        if (LayerTypes.Read(config, decoder.BlockCount) is { } types && types.Any(windowed => windowed != (window is not null)))
            throw config.Contradiction(
                "layer_types and sliding_window contradict each other: a Mistral has its window in every block or in none; "
                + "mend the file, or leave layer_types out.");
        return decoder with { SlidingWindows = [.. Enumerable.Repeat(window, decoder.BlockCount)] };
    }
}
