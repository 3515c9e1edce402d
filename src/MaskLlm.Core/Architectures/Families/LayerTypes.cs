namespace MaskLlm.Architectures.Families;

/// <summary>Reads <c>layer_types</c>: which blocks attend to a window of tokens.</summary>
internal static class LayerTypes
{
    private const string Full = "full_attention", Sliding = "sliding_attention";

    internal static readonly string[] Kinds = [Full, Sliding];

    /// <summary>Whether each block has a window; null where the file does not say.</summary>
    /// <exception cref="InvalidDataException">The list has not one entry a block.</exception>
    /// <exception cref="NotSupportedException">An entry of another kind.</exception>
    internal static IReadOnlyList<bool>? Read(ConfigFile config, int blocks)
    {
        if (config.Texts("layer_types") is not { } types) return null;
        if (types.Count != blocks)
            throw config.Contradiction($"layer_types has {types.Count} entries and num_hidden_layers is {blocks}; one a block is needed.");
        if (types.FirstOrDefault(type => type is not (Full or Sliding)) is { } unknown)
            throw config.Unsupported("layer_types", $"\"{Json.JsonValue.Shortened(unknown)}\" for a block", $"{Full} and {Sliding}");
        return [.. types.Select(type => type == Sliding)];
    }

    /// <summary>The window of each block, or null.</summary>
    /// <param name="config">The file.</param>
    /// <param name="blocks">How many there are.</param>
    /// <param name="window">Of those that have one.</param>
    /// <param name="isWindowed">Whether a block has one, where the file does not say.</param>
    /// <exception cref="InvalidDataException">The list has not one entry a block, or a block slides and there is no window.</exception>
    /// <exception cref="NotSupportedException">An entry of another kind.</exception>
    internal static IReadOnlyList<int?> Windows(ConfigFile config, int blocks, int? window, Func<int, bool> isWindowed)
    {
        IReadOnlyList<bool> windowed = Read(config, blocks) ?? [.. Enumerable.Range(0, blocks).Select(isWindowed)];
        if (window is null && windowed.Contains(true))
            throw config.Contradiction("blocks of sliding_attention need a window, and sliding_window gives none; mend the file.");
        return [.. windowed.Select(slides => slides ? window : null)];
    }
}
