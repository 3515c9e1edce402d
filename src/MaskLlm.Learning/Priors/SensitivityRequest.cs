using MaskLlm.Patterns;

namespace MaskLlm.Priors;

/// <summary>Of which model and mask to measure where it costs, and on what.</summary>
public sealed record SensitivityRequest
{
    /// <summary>A Hugging Face checkpoint folder.</summary>
    public required string Model { get; init; }

    /// <summary>One text file, also .gz or .zst, or a .npy file of token ids.</summary>
    public required string Data { get; init; }

    /// <summary>A mask file of the model, or <c>magnitude</c> to make a mask of every linear layer.</summary>
    public required string Mask { get; init; }

    /// <summary>N kept of every M inputs by magnitude; a mask file has its own.</summary>
    public NmPattern Pattern { get; init; } = NmPattern.TwoOfFour;

    /// <summary>Tokens a window, of which all but the first are predicted; null for the rows of a matrix of ids, else for the model's
    /// positions, at most 2048.</summary>
    public int? SequenceLength { get; init; }

    /// <summary>Only the first this many windows; null for all.</summary>
    public int? MaxWindows { get; init; }

    /// <summary>The rise of ln perplexity over the dense model that the suggestions allow, in nats a token; null for half of the whole
    /// mask's.</summary>
    public double? MaxLoss { get; init; }

    /// <summary>Leaves the weights in their files but for the block that runs; null: where all would not fit into memory.</summary>
    public bool? Stream { get; init; }
}
