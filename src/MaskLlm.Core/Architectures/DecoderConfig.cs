using MaskLlm.Architectures.Families;

namespace MaskLlm.Architectures;

/// <summary>
/// The parts of a decoder-only transformer, chosen once from a checkpoint's <c>config.json</c>. A family of models is
/// a reading of that file into this record (<c>Families/</c>).
/// </summary>
public sealed record DecoderConfig
{
    /// <summary>The <c>model_type</c> of the checkpoint.</summary>
    public required string Family { get; init; }

    /// <summary>Width D of the residual stream.</summary>
    public required int HiddenSize { get; init; }

    /// <summary>Width of the MLP.</summary>
    public required int IntermediateSize { get; init; }

    /// <summary>Number of blocks.</summary>
    public required int BlockCount { get; init; }

    /// <summary>Number of query heads.</summary>
    public required int HeadCount { get; init; }

    /// <summary>Number of key-value heads; divides <see cref="HeadCount"/>.</summary>
    public required int KeyValueHeadCount { get; init; }

    /// <summary>Dimensions of a head.</summary>
    public required int HeadSize { get; init; }

    /// <summary>Number of rows V of the embedding.</summary>
    public required int VocabularySize { get; init; }

    /// <summary>The longest sequence that the model was made for, in tokens.</summary>
    public required int MaxPositions { get; init; }

    /// <summary>Added to the mean square in RMSNorm.</summary>
    public required double NormEpsilon { get; init; }

    /// <summary>Rotary position embedding.</summary>
    public required RotaryConfig Rotary { get; init; }

    /// <summary>Whether the head is the embedding.</summary>
    public bool TieWordEmbeddings { get; init; }

    /// <summary>Whether the query, key and value projections have a bias.</summary>
    public bool QueryKeyValueBias { get; init; }

    /// <summary>Whether the output projection of attention has a bias.</summary>
    public bool AttentionOutputBias { get; init; }

    /// <summary>Whether the projections of the MLP have a bias.</summary>
    public bool MlpBias { get; init; }

    /// <summary>Whether queries and keys are normalised, head by head (Qwen3).</summary>
    public bool QueryKeyNorm { get; init; }

    /// <summary>Per block the number of tokens that attention sees, itself included; null for all before it. Empty: null everywhere.</summary>
    public IReadOnlyList<int?> SlidingWindows { get; init; } = [];

    /// <summary>Checks that every number is in its range and that the sizes fit each other.</summary>
    /// <exception cref="InvalidDataException">They do not.</exception>
    public void Validate() => Validate("config.json: ");

    /// <summary>The same, with what messages begin with.</summary>
    internal void Validate(string where)
    {
        (string Name, double Value)[] numbers =
        [
            ("hidden_size", HiddenSize), ("intermediate_size", IntermediateSize), ("num_hidden_layers", BlockCount),
            ("num_attention_heads", HeadCount), ("num_key_value_heads", KeyValueHeadCount), ("head_dim", HeadSize),
            ("vocab_size", VocabularySize), ("max_position_embeddings", MaxPositions), ("rms_norm_eps", NormEpsilon),
            ("rope_theta", Rotary.Theta),
        ];
        foreach ((string name, double value) in numbers) ConfigRange.Require(where, name, value);
        foreach (int? window in SlidingWindows)
            if (window is { } tokens) ConfigRange.Require(where, "sliding_window", tokens);
        if (HeadCount % KeyValueHeadCount != 0)
            throw new InvalidDataException(
                $"{where}num_attention_heads {HeadCount} is not a multiple of num_key_value_heads {KeyValueHeadCount}.");
        if (HeadSize % 2 != 0)
            throw new InvalidDataException($"{where}head_dim is {HeadSize}; rotary embedding needs an even number.");
    }

    /// <summary>The window of one block, or null where attention sees all earlier tokens.</summary>
    public int? SlidingWindow(int block) => block < SlidingWindows.Count ? SlidingWindows[block] : null;
}
