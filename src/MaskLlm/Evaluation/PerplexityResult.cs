namespace MaskLlm.Evaluation;

/// <summary>Perplexity and what it was measured on.</summary>
/// <param name="Perplexity">exp of the mean negative log-likelihood a predicted token, in nats.</param>
/// <param name="Tokens">Tokens of the whole text.</param>
/// <param name="Windows">Windows evaluated.</param>
/// <param name="TailTokens">Tokens after the last whole window of the text, which no window holds.</param>
/// <param name="Seconds">Wall clock of the forward passes.</param>
public sealed record PerplexityResult(double Perplexity, long Tokens, int Windows, int TailTokens, double Seconds);
