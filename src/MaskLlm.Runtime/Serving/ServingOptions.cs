using MaskLlm.Numerals;

namespace MaskLlm.Serving;

/// <summary>How much is served at once.</summary>
public sealed record ServingOptions
{
    /// <summary>Texts that run together.</summary>
    public int Parallel { get; init; } = 16;

    /// <summary>Requests that wait beyond those that run.</summary>
    public int Queue { get; init; } = 64;

    /// <summary>The longest prompt, in tokens; null for what the context leaves.</summary>
    public int? MaxPrompt { get; init; }

    /// <summary>The most new tokens of a request.</summary>
    public int MaxOutput { get; init; } = 1024;

    /// <summary>Checks the options.</summary>
    /// <exception cref="ArgumentException">One is out of range.</exception>
    public void Validate()
    {
        OptionRanges.Parallel.Require(Parallel);
        OptionRanges.Queue.Require(Queue);
        OptionRanges.MaxPrompt.Require(MaxPrompt);
        OptionRanges.MaxOutput.Require(MaxOutput);
    }
}
