namespace MaskLlm.Tokens;

/// <summary>Trains byte-level byte-pair tokenizers (GPT-2's kind).</summary>
public static class BpeTrainer
{
    private const int ByteCount = 256;

    /// <summary>Learns a vocabulary from documents.</summary>
    /// <remarks>
    /// Ids: special tokens first, then the 256 byte symbols, then one token a merge. The most frequent pair merges first,
    /// of equally frequent ones the pair with the lower ids; the result depends on the documents only, not on their order.
    /// The vocabulary is smaller than asked for where the documents run out of pairs.
    /// </remarks>
    /// <param name="documents">The texts; read once, by several threads in turn.</param>
    /// <param name="vocabularySize">Tokens wanted, special tokens and bytes included.</param>
    /// <param name="specialTokens">Texts of the special tokens, in the order of their ids.</param>
    /// <returns>A <c>tokenizer.json</c> that Hugging Face tokenizers loads.</returns>
    /// <exception cref="ArgumentException">A special token is empty or given twice.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The vocabulary has no room for the special tokens and the bytes.</exception>
    public static byte[] Train(IEnumerable<string> documents, int vocabularySize, IReadOnlyList<string> specialTokens)
    {
        ArgumentNullException.ThrowIfNull(documents);
        ArgumentNullException.ThrowIfNull(specialTokens);
        if (specialTokens.Any(string.IsNullOrEmpty) || specialTokens.Distinct().Count() != specialTokens.Count)
            throw new ArgumentException($"Special tokens must be distinct and not empty; got '{string.Join("', '", specialTokens)}'.",
                nameof(specialTokens));
        TokenList tokens = new([.. specialTokens, .. ByteSymbols.All.Order().Select(symbol => symbol.ToString())]);
        if (vocabularySize < tokens.Count)
        {
            throw new ArgumentOutOfRangeException(nameof(vocabularySize), vocabularySize,
                $"A vocabulary of {vocabularySize} has no room for {specialTokens.Count} special tokens and {ByteCount} bytes: "
                    + $"{tokens.Count} or more.");
        }

        Dictionary<string, long> words = WordCounts.Count(documents);
        List<(int Left, int Right)> merges = new PairMerger(words, tokens).Run(vocabularySize);
        return TokenizerJsonWriter.Write(specialTokens, tokens.Texts, merges);
    }
}
