using MaskLlm.Numerals;

namespace MaskLlm.Decoding;

/// <summary>How the next token is drawn from its logits.</summary>
public sealed record SamplingOptions
{
    /// <summary>Divides the logits; 0 takes the most probable token.</summary>
    public float Temperature { get; init; }

    /// <summary>Only this many of the most probable tokens can be drawn; 0 for all.</summary>
    public int TopK { get; init; }

    /// <summary>Only the most probable tokens that together have this much probability can be drawn; 1 for all.</summary>
    public float TopP { get; init; } = 1;

    /// <summary>Logits of tokens that the text has already are divided by this where positive and multiplied where negative; 1 changes
    /// nothing.</summary>
    public float RepetitionPenalty { get; init; } = 1;

    /// <summary>Draws of another seed differ.</summary>
    public ulong Seed { get; init; }

    /// <summary>Checks the options.</summary>
    /// <exception cref="ArgumentException">One is out of range.</exception>
    public void Validate()
    {
        OptionRanges.Temperature.Require(Temperature);
        OptionRanges.TopK.Require(TopK);
        OptionRanges.TopP.Require(TopP);
        OptionRanges.RepetitionPenalty.Require(RepetitionPenalty);
    }
}
