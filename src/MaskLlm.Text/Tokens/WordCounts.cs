using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;

namespace MaskLlm.Tokens;

/// <summary>Counts the words of documents.</summary>
internal static class WordCounts
{
    /// <summary>How often each word of GPT-2's split occurs.</summary>
    public static Dictionary<string, long> Count(IEnumerable<string> documents)
    {
        try
        {
            return CountInParallel(documents);
        }
        catch (AggregateException e)
        {
            // What is wrong with a document is the caller's to hear, not that threads were at work.
            ExceptionDispatchInfo.Throw(e.InnerExceptions[0]);
            throw;
        }
    }

    private static Dictionary<string, long> CountInParallel(IEnumerable<string> documents)
    {
        Dictionary<string, long> total = [];
        Parallel.ForEach(
            documents,
            () => new Dictionary<string, long>(),
            (document, _, counts) =>
            {
                CountInto(counts, document);
                return counts;
            },
            counts =>
            {
                lock (total)
                    AddTo(total, counts);
            });
        return total;
    }

    private static void CountInto(Dictionary<string, long> counts, string document)
    {
        Gpt2Scanner scanner = new();
        Dictionary<string, long>.AlternateLookup<ReadOnlySpan<char>> lookup = counts.GetAlternateLookup<ReadOnlySpan<char>>();
        for (int start = 0, end; start < document.Length; start = end)
        {
            end = scanner.WordEnd(document, start);
            CollectionsMarshal.GetValueRefOrAddDefault(lookup, document.AsSpan(start, end - start), out _)++;
        }
    }

    private static void AddTo(Dictionary<string, long> total, Dictionary<string, long> counts)
    {
        foreach ((string word, long count) in counts)
            total[word] = total.GetValueOrDefault(word) + count;
    }
}
