namespace MaskLlm.Decoding;

/// <summary>A continued text.</summary>
/// <param name="PromptTokens">Tokens of the prompt.</param>
/// <param name="Ids">The new tokens, one that ends the text included.</param>
/// <param name="PromptSeconds">Until the first new token was known.</param>
/// <param name="DecodeSeconds">From then on.</param>
public sealed record GenerationResult(int PromptTokens, IReadOnlyList<int> Ids, double PromptSeconds, double DecodeSeconds)
{
    /// <summary>New tokens after the first, a second.</summary>
    public double TokensPerSecond => DecodeSeconds > 0 ? Math.Max(0, Ids.Count - 1) / DecodeSeconds : 0;
}
