namespace MaskLlm.Data;

/// <summary>Divides each source into what is trained on and what is held out.</summary>
/// <remarks>
/// A document's hash decides, not its place: documents are taken in the order of their hashes while they fit. A document that is held
/// out in one source is held out wherever it occurs. Where no document fits, the end of the source is held out instead.
/// </remarks>
internal sealed class HeldOutSplit
{
    private HeldOutSplit(TokenRanges training, TokenRanges heldOut)
    {
        Training = training;
        HeldOut = heldOut;
    }

    /// <summary>What is trained on.</summary>
    public TokenRanges Training { get; }

    /// <summary>What is held out.</summary>
    public TokenRanges HeldOut { get; }

    /// <summary>Splits all sources of a corpus.</summary>
    public static HeldOutSplit[] Of(IReadOnlyList<TokenFile> files, CorpusOptions options)
    {
        long total = files.Sum(file => file.Tokens);
        long[] budgets = [.. files.Select(file => Budget(file.Tokens, total, options))];
        HashSet<ulong>[] chosen = [.. files.Select((file, i) => Choose(file, budgets[i]))];
        HashSet<ulong> all = [.. chosen.SelectMany(hashes => hashes)];
        return [.. files.Select((file, i) => Split(file, all, chosen[i].Count > 0 ? file.Tokens : file.Tokens - budgets[i]))];
    }

    private static long Budget(long tokens, long total, CorpusOptions options) =>
        (long)Math.Min(options.HeldOutFraction * tokens, options.HeldOutTokensLimit * ((double)tokens / total));

    /// <summary>The hashes of the documents to hold out: all below a cut-off that lets the budget be used as far as possible.</summary>
    private static HashSet<ulong> Choose(TokenFile file, long budget)
    {
        PriorityQueue<TokenDocument, ulong> chosen = new(Comparer<ulong>.Create((a, b) => b.CompareTo(a))); // largest hash first
        ulong cutOff = ulong.MaxValue;
        long sum = 0, start = 0;
        foreach (TokenDocument document in file.Documents())
        {
            long tokens = document.End - start;
            start = document.End;
            if (tokens > budget || document.Hash >= cutOff)
                continue;
            chosen.Enqueue(new TokenDocument(document.Hash, tokens), document.Hash);
            sum += tokens;
            while (sum > budget || (chosen.Count > 0 && chosen.Peek().Hash == cutOff)) // equal documents leave together
            {
                cutOff = chosen.Peek().Hash;
                sum -= chosen.Dequeue().End;
            }
        }

        return [.. chosen.UnorderedItems.Select(item => item.Element.Hash)];
    }

    private static HeldOutSplit Split(TokenFile file, HashSet<ulong> heldOutHashes, long tail)
    {
        HeldOutSplit split = new(new TokenRanges(file), new TokenRanges(file));
        long start = 0;
        foreach (TokenDocument document in file.Documents())
        {
            long trainingEnd = heldOutHashes.Contains(document.Hash) ? start : Math.Clamp(tail, start, document.End);
            split.Training.Add(start, trainingEnd);
            split.HeldOut.Add(trainingEnd, document.End);
            start = document.End;
        }

        return split;
    }
}
