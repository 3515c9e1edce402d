using MaskLlm.Numerals;

namespace MaskLlm.Measures;

/// <summary>Perplexity and what it was measured on.</summary>
/// <param name="Perplexity">exp of the mean negative log-likelihood a predicted token, in nats.</param>
/// <param name="Tokens">Tokens of the whole text.</param>
/// <param name="Windows">Windows evaluated.</param>
/// <param name="TailTokens">Tokens after the last whole window of the text, which no window holds.</param>
/// <param name="Seconds">Wall clock of the forward passes.</param>
public sealed record PerplexityResult(double Perplexity, long Tokens, int Windows, int TailTokens, double Seconds)
{
    /// <summary>The same by bytes and words, by which models of other tokenizers compare; null of token ids.</summary>
    public TextPerplexity? Text { get; init; }

    /// <param name="what">It is of, for a message.</param>
    /// <param name="negativeLogLikelihood">Sum over all predicted tokens of all windows, in nats.</param>
    /// <param name="tokens">Of the whole text.</param>
    /// <param name="windowLength">Tokens a window, of which all but the first are predicted.</param>
    /// <param name="windows">Evaluated.</param>
    /// <param name="seconds">It took.</param>
    /// <exception cref="InvalidDataException">The perplexity is NaN or infinite.</exception>
    internal static PerplexityResult Of(string what, double negativeLogLikelihood, int tokens, int windowLength, int windows,
        double seconds) =>
        new(Finite.Perplexity(what, negativeLogLikelihood, (long)windows * (windowLength - 1)), tokens, windows, tokens % windowLength,
            seconds);
}
