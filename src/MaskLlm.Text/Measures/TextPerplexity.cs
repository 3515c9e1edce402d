namespace MaskLlm.Measures;

/// <summary>A perplexity by the units of a text that are no tokenizer's.</summary>
/// <param name="BitsPerByte">Binary logarithms a byte of UTF-8.</param>
/// <param name="BytePerplexity">exp of the mean negative log-likelihood a byte.</param>
/// <param name="WordPerplexity">The same a word; what white space separates are words. Infinite where a word costs too much.</param>
/// <remarks>The mean of a predicted token stands for the tokens that windows begin with, which nothing predicts.</remarks>
public sealed record TextPerplexity(double BitsPerByte, double BytePerplexity, double WordPerplexity)
{
    /// <param name="perplexity">A token.</param>
    /// <param name="tokens">Of the text.</param>
    /// <param name="text">What the windows hold.</param>
    internal static TextPerplexity? Of(double perplexity, long tokens, string text)
    {
        long bytes = System.Text.Encoding.UTF8.GetByteCount(text), words = Words(text);
        if (bytes == 0 || words == 0) return null;
        double nats = Math.Log(perplexity) * tokens;
        return new(nats / bytes / Math.Log(2), Math.Exp(nats / bytes), Math.Exp(nats / words));
    }

    private static long Words(string text)
    {
        long words = 0;
        bool isInside = false;
        foreach (char letter in text)
        {
            bool isSpace = char.IsWhiteSpace(letter);
            if (!isSpace && !isInside) words++;
            isInside = !isSpace;
        }
        return words;
    }
}
