namespace MaskLlm.Measures;

/// <summary>What to measure the perplexity of, and on what.</summary>
public sealed record EvaluationRequest
{
    /// <summary>A Hugging Face checkpoint folder, or a runtime file.</summary>
    public required string Model { get; init; }

    /// <summary>One text file, also .gz or .zst, or a .npy file of token ids.</summary>
    public required string Data { get; init; }

    /// <summary>Mask files: a row each, after the dense one.</summary>
    public IReadOnlyList<string> Masks { get; init; } = [];

    /// <summary>Tokens a window, of which all but the first are predicted; null for the rows of a matrix of ids, else for the model's
    /// positions, at most 2048.</summary>
    public int? SequenceLength { get; init; }

    /// <summary>Only the first this many windows; null for all.</summary>
    public int? MaxWindows { get; init; }
}
