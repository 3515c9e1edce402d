namespace MaskLlm.Tokens;

/// <summary>Merges the symbols of a word until no pair merges: always the pair of lowest rank, the leftmost first.</summary>
internal static class MergeLoop
{
    private const int LongestScanned = 64;
    private const int NoMerge = int.MaxValue;

    /// <summary>Merges in place.</summary>
    /// <returns>How many symbols are left at the front of <paramref name="symbols"/>.</returns>
    public static int Run(Span<int> symbols, MergeTable merges) =>
        symbols.Length <= LongestScanned ? RunByScan(symbols, merges) : RunByHeap(symbols, merges);

    /// <summary>Quadratic, and the fastest for a word of ordinary length.</summary>
    internal static int RunByScan(Span<int> symbols, MergeTable merges)
    {
        int count = symbols.Length;
        Span<int> ranks = count <= LongestScanned ? stackalloc int[count] : new int[count];
        Span<int> targets = count <= LongestScanned ? stackalloc int[count] : new int[count];
        for (int i = 0; i + 1 < count; i++)
            Look(i, symbols, ranks, targets, merges);
        while (count > 1)
        {
            int best = Lowest(ranks[..(count - 1)]);
            if (ranks[best] == NoMerge)
                break;
            symbols[best] = targets[best];
            symbols[(best + 2)..count].CopyTo(symbols[(best + 1)..]);
            ranks[(best + 1)..(count - 1)].CopyTo(ranks[best..]);
            targets[(best + 1)..(count - 1)].CopyTo(targets[best..]);
            count--;
            if (best > 0)
                Look(best - 1, symbols, ranks, targets, merges);
            if (best + 1 < count)
                Look(best, symbols, ranks, targets, merges);
        }

        return count;
    }

    /// <summary>O(n log n): a text without pre-tokenizer is one word.</summary>
    /// <param name="symbols">Merged in place.</param>
    /// <param name="merges">What merges.</param>
    /// <param name="parts">Gets, for each token that a pair could become, the pair that was looked at last; null for nobody.</param>
    internal static int RunByHeap(Span<int> symbols, MergeTable merges, Dictionary<int, (int Left, int Right)>? parts = null)
    {
        Links links = new(symbols.Length);
        PriorityQueue<int, long> queue = new();
        for (int i = 0; i + 1 < symbols.Length; i++)
            Enqueue(queue, i, symbols[i], symbols[i + 1], merges, parts);
        while (queue.TryDequeue(out int id, out long priority))
        {
            int at = (int)(priority & uint.MaxValue);
            int right = links.Next(at);
            // Entries of symbols that have changed since are stale.
            if (!links.IsAlive(at) || right < 0 || !merges.TryGet(symbols[at], symbols[right], out _, out int current) || current != id)
                continue;
            symbols[at] = id;
            links.Remove(right);
            if (links.Previous(at) is var left and >= 0)
                Enqueue(queue, left, symbols[left], id, merges, parts);
            if (links.Next(at) is var next and >= 0)
                Enqueue(queue, at, id, symbols[next], merges, parts);
        }

        return links.Compact(symbols);
    }

    private static void Look(int at, Span<int> symbols, Span<int> ranks, Span<int> targets, MergeTable merges)
    {
        bool merged = merges.TryGet(symbols[at], symbols[at + 1], out int rank, out int id);
        ranks[at] = merged ? rank : NoMerge;
        targets[at] = id;
    }

    private static int Lowest(ReadOnlySpan<int> ranks)
    {
        int best = 0;
        for (int i = 1; i < ranks.Length; i++)
        {
            if (ranks[i] < ranks[best])
                best = i;
        }

        return best;
    }

    private static void Enqueue(
        PriorityQueue<int, long> queue, int at, int left, int right, MergeTable merges, Dictionary<int, (int Left, int Right)>? parts)
    {
        if (!merges.TryGet(left, right, out int rank, out int id))
            return;
        queue.Enqueue(id, ((long)rank << 32) | (uint)at);
        if (parts is not null)
            parts[id] = (left, right);
    }

    /// <summary>A doubly linked list over positions: who is still there, and who stands next to whom.</summary>
    private readonly struct Links
    {
        private const int Dead = -2;
        private readonly int[] _previous;
        private readonly int[] _next;

        public Links(int count)
        {
            _previous = new int[count];
            _next = new int[count];
            for (int i = 0; i < count; i++)
                (_previous[i], _next[i]) = (i - 1, i + 1 < count ? i + 1 : -1);
        }

        public bool IsAlive(int at) => _next[at] != Dead;

        public int Next(int at) => _next[at];

        public int Previous(int at) => _previous[at];

        public void Remove(int at)
        {
            (int before, int after) = (_previous[at], _next[at]);
            _next[before] = after;
            if (after >= 0)
                _previous[after] = before;
            _next[at] = Dead;
        }

        public int Compact(Span<int> symbols)
        {
            int count = 0;
            for (int at = 0; at >= 0 && at < symbols.Length; at = _next[at])
                symbols[count++] = symbols[at];
            return count;
        }
    }
}
