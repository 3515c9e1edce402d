namespace MaskLlm.Priors;

/// <summary>What to merge, and where to.</summary>
public sealed record MergeRequest
{
    /// <summary>
    /// Two or more of one kind: masks (mask files, or folders of runs, whose mask.npz is read) or logits (.safetensors that
    /// learning with <c>SaveLogits</c> wrote). Of masks the earlier ones break ties.
    /// </summary>
    public required IReadOnlyList<string> Inputs { get; init; }

    /// <summary>The mask file to write.</summary>
    public required string Out { get; init; }

    /// <summary>
    /// The Hugging Face folder that gives masks their shapes; null for none, and then masks count as flat bits, of which
    /// patterns with groups of 2, 4 or 8 are recognized. Logits are only checked against it.
    /// </summary>
    public string? Model { get; init; }

    /// <summary>Whether <see cref="Out"/> may exist and is replaced.</summary>
    public bool Force { get; init; }
}
