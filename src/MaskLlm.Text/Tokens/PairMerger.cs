using System.Text;

namespace MaskLlm.Tokens;

/// <summary>Finds the merges of a byte-pair vocabulary, keeping the counts of pairs up to date from merge to merge.</summary>
internal sealed class PairMerger
{
    private readonly TokenList _tokens;
    private readonly int[][] _words;
    private readonly int[] _lengths;
    private readonly long[] _counts;
    private readonly Dictionary<ulong, PairUse> _uses = [];
    private readonly PriorityQueue<ulong, Priority> _queue = new();
    private readonly HashSet<ulong> _grown = [];

    /// <summary>Takes words with their counts; the words become bytes.</summary>
    public PairMerger(IReadOnlyDictionary<string, long> words, TokenList tokens)
    {
        _tokens = tokens;
        int[] byteIds = tokens.ByteIds;
        _words = [.. words.Keys.Select(word => Array.ConvertAll(Encoding.UTF8.GetBytes(word), value => byteIds[value]))];
        _lengths = [.. _words.Select(word => word.Length)];
        _counts = [.. words.Values];
        for (int word = 0; word < _words.Length; word++)
        {
            for (int i = 0; i + 1 < _words[word].Length; i++)
                Change(_words[word][i], _words[word][i + 1], word, +1);
        }

        EnqueueGrown();
    }

    /// <summary>Merges until the vocabulary has the size wanted or no pair is left.</summary>
    /// <returns>The pairs merged, in order, as ids.</returns>
    public List<(int Left, int Right)> Run(int vocabularySize)
    {
        List<(int, int)> merges = [];
        while (_tokens.Count < vocabularySize && TryDequeue(out ulong pair))
        {
            (int left, int right) = ((int)(pair >> 32), (int)pair);
            merges.Add((left, right));
            List<int> words = _uses[pair].Words;
            _uses.Remove(pair);
            int joined = _tokens.Join(left, right);
            foreach (int word in words)
                MergeIn(word, left, right, joined);
            EnqueueGrown();
        }

        return merges;
    }

    private static ulong Pair(int left, int right) => ((ulong)(uint)left << 32) | (uint)right;

    /// <summary>The most frequent pair. A count in the queue may be out of date: it is put back with the true one.</summary>
    private bool TryDequeue(out ulong pair)
    {
        while (_queue.TryDequeue(out pair, out Priority priority))
        {
            long count = _uses.TryGetValue(pair, out PairUse? use) ? use.Count : 0;
            if (count == priority.Count)
                return true;
            if (count > 0 && count < priority.Count)
                _queue.Enqueue(pair, new Priority(count, pair));
        }

        return false;
    }

    /// <summary>Replaces the pair in one word, moving symbols to the front, and counts the pairs that go and come.</summary>
    private void MergeIn(int word, int left, int right, int joined)
    {
        Span<int> symbols = _words[word].AsSpan(0, _lengths[word]);
        (int write, int read) = (0, 0);
        while (read < symbols.Length)
        {
            if (symbols[read] != left || read + 1 == symbols.Length || symbols[read + 1] != right)
            {
                symbols[write++] = symbols[read++];
                continue;
            }

            if (write > 0)
            {
                Change(symbols[write - 1], left, word, -1);
                Change(symbols[write - 1], joined, word, +1);
            }

            read += 2;
            if (read < symbols.Length)
            {
                Change(right, symbols[read], word, -1);
                Change(joined, symbols[read], word, +1);
            }

            symbols[write++] = joined;
        }

        _lengths[word] = write;
    }

    private void Change(int left, int right, int word, int sign)
    {
        ulong pair = Pair(left, right);
        if (!_uses.TryGetValue(pair, out PairUse? use))
        {
            // The pair being merged has left the table already: what overlaps with it goes with it.
            if (sign < 0)
                return;
            _uses[pair] = use = new PairUse();
        }

        use.Count += sign * _counts[word];
        if (sign < 0)
            return;
        if (use.Words.Count == 0 || use.Words[^1] != word)
            use.Words.Add(word);
        _grown.Add(pair);
    }

    private void EnqueueGrown()
    {
        foreach (ulong pair in _grown)
        {
            if (_uses[pair].Count > 0)
                _queue.Enqueue(pair, new Priority(_uses[pair].Count, pair));
        }

        _grown.Clear();
    }

    /// <summary>How often a pair occurs, and the words that have had it (some of which may have lost it since).</summary>
    private sealed class PairUse
    {
        public long Count { get; set; }

        public List<int> Words { get; } = [];
    }

    /// <summary>Higher counts first; of equal ones the pair with the lower ids.</summary>
    private readonly record struct Priority(long Count, ulong Pair) : IComparable<Priority>
    {
        public int CompareTo(Priority other) =>
            Count != other.Count ? other.Count.CompareTo(Count) : Pair.CompareTo(other.Pair);
    }
}
