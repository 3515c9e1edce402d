namespace MaskLlm.Runtime;

/// <summary>How the next token is drawn from its logits.</summary>
public sealed record SamplingOptions
{
    /// <summary>Divides the logits; 0 takes the most probable token.</summary>
    public float Temperature { get; init; }

    /// <summary>Only this many of the most probable tokens can be drawn; 0 for all.</summary>
    public int TopK { get; init; }

    /// <summary>Only the most probable tokens that together have this much probability can be drawn; 1 for all.</summary>
    public float TopP { get; init; } = 1;

    /// <summary>Logits of tokens that the text has already are divided by this where positive and multiplied where negative; 1 changes nothing.</summary>
    public float RepetitionPenalty { get; init; } = 1;

    /// <summary>Draws of another seed differ.</summary>
    public ulong Seed { get; init; }

    /// <summary>Checks the options.</summary>
    /// <exception cref="ArgumentException">One is out of range.</exception>
    public void Validate()
    {
        if (!(Temperature is >= 0 and <= 100)) throw new ArgumentException($"the temperature is {Temperature}; 0 to 100 are expected.");
        if (TopK < 0) throw new ArgumentException($"top-k is {TopK}; 0 (all) or more is expected.");
        if (!(TopP is > 0 and <= 1)) throw new ArgumentException($"top-p is {TopP}; above 0 and at most 1 is expected.");
        if (!(RepetitionPenalty is >= 0.01f and <= 100)) throw new ArgumentException($"the repetition penalty is {RepetitionPenalty}; 0.01 to 100 are expected.");
    }
}
