using MaskLlm.Randomness;

namespace MaskLlm.Data;

/// <summary>Which source each draw of a run comes from, and how often a source was drawn before: pure functions of the seed and the draw's
/// number.</summary>
internal sealed class SourceSchedule
{
    private const int Interval = 4096; // draws between two remembered counts
    private const ulong Domain = 1UL << 32; // tells these random numbers from the permutations'
    private readonly double[] _cumulative;
    private readonly ulong _key;
    private readonly List<long[]> _counts;
    private readonly Lock _lock = new();

    /// <summary>Starts a schedule.</summary>
    /// <param name="weights">Shares of the sources; they sum to 1.</param>
    /// <param name="key">The seed.</param>
    public SourceSchedule(IReadOnlyList<double> weights, ulong key)
    {
        _key = key;
        _cumulative = new double[weights.Count];
        double sum = 0;
        for (int i = 0; i < weights.Count; i++)
            _cumulative[i] = sum += weights[i];
        _cumulative[^1] = 1; // what rounding leaves belongs to the last
        _counts = [new long[weights.Count]];
    }

    /// <summary>The source of a draw.</summary>
    public int SourceOf(long draw)
    {
        if (_cumulative.Length == 1)
            return 0;
        Span<uint> words = stackalloc uint[4];
        Philox.Block(_key, Domain, (ulong)draw, words);
        double uniform = ((((ulong)words[1] << 32) | words[0]) >> 11) * (1.0 / (1L << 53));
        int source = 0;
        while (uniform >= _cumulative[source])
            source++;
        return source;
    }

    /// <summary>How often each source is drawn before a draw. Draws are replayed from the last remembered counts; asked in order, that is
    /// at most one interval.</summary>
    public long[] CountsBefore(long draw)
    {
        if (_cumulative.Length == 1)
            return [draw];
        long[] counts = [.. Remembered(checked((int)(draw / Interval)))];
        Count(draw / Interval * Interval, draw, counts);
        return counts;
    }

    private long[] Remembered(int interval)
    {
        lock (_lock)
        {
            while (_counts.Count <= interval)
            {
                long start = (long)(_counts.Count - 1) * Interval;
                long[] next = [.. _counts[^1]];
                Count(start, start + Interval, next);
                _counts.Add(next);
            }

            return _counts[interval];
        }
    }

    private void Count(long start, long end, long[] counts)
    {
        for (long draw = start; draw < end; draw++)
            counts[SourceOf(draw)]++;
    }
}
