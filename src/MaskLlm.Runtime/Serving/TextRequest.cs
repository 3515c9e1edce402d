using MaskLlm.Decoding;

namespace MaskLlm.Serving;

/// <summary>A text to go on with.</summary>
/// <param name="Prompt">Its tokens.</param>
/// <param name="MaxTokens">New tokens at most.</param>
/// <param name="Sampling">How they are drawn.</param>
/// <param name="StopTexts">Texts that end the new text; they are no part of it.</param>
internal sealed record TextRequest(IReadOnlyList<int> Prompt, int MaxTokens, SamplingOptions Sampling, IReadOnlyList<string> StopTexts)
{
    /// <summary>Whether the new text is a turn of its own, which does not go on within the prompt's last word or line.</summary>
    internal bool IsTurn { get; init; }

    /// <summary>Tokens that end the new text beside the model's own; they are no part of it.</summary>
    internal IReadOnlyList<int> StopIds { get; init; } = [];

    /// <summary>What the prompt is called by whoever asks.</summary>
    internal string PromptField { get; init; } = "prompt";

    /// <summary>What the number of tokens is called by whoever asks.</summary>
    internal string TokensField { get; init; } = "max_tokens";
}
