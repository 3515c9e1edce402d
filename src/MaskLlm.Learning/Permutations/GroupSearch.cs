using MaskLlm.Patterns;

namespace MaskLlm.Permutations;

/// <summary>
/// Looks for the groups of M channels of which the best N keep most of the scores. Sorted by size the channels are dealt out in turns. Then
/// in every round each group gives one channel, by chance, and gets one of those given, the assignment with the largest sum of what is
/// kept: no round makes it worse. The same seed gives the same groups on any number of threads.
/// </summary>
/// <param name="scores">Of the channels, a multiple of M.</param>
/// <param name="pattern">N:M.</param>
/// <param name="draws">Chance.</param>
/// <param name="threads">At least 1.</param>
internal sealed class GroupSearch(ColumnScores scores, NmPattern pattern, RandomDraws draws, int threads)
{
    /// <summary>Rounds, at most.</summary>
    internal const int Rounds = 400;

    // Groups that exchange with each other; the assignment takes up to their third power.
    private const int MostTogether = 256;

    // Rounds that are looked at together, in units of M, and what they must win of what is kept.
    private const int Patience = 8;
    private const double LeastGain = 3e-5;

    private readonly float[][] _columns = scores.Columns;
    private readonly ParallelOptions _workers = new() { MaxDegreeOfParallelism = threads };

    /// <summary>Searches.</summary>
    /// <param name="round">Told after each round, and of all at the end.</param>
    /// <param name="cancellation">Stops between rounds.</param>
    /// <returns>The old channel at each new place; groups by their first channel, and within groups as they were.</returns>
    internal int[] Run(Action<int>? round = null, CancellationToken cancellation = default)
    {
        int[][] groups = Start();
        double kept = Sum(groups), atLast = kept;
        for (int done = 0; done < Rounds; done++)
        {
            cancellation.ThrowIfCancellationRequested();
            kept += Exchange(groups);
            round?.Invoke(done + 1);
            if ((done + 1) % (Patience * pattern.GroupSize) != 0) continue;
            if (kept - atLast < LeastGain * kept) break;
            atLast = kept;
        }
        round?.Invoke(Rounds);
        foreach (int[] group in groups) Array.Sort(group);
        return [.. groups.OrderBy(group => group[0]).SelectMany(group => group)];
    }

    // As they were, or dealt out in turns, there and back: what keeps more.
    private int[][] Start()
    {
        int size = pattern.GroupSize, count = _columns.Length / size;
        int[][] asTheyWere = [.. Enumerable.Range(0, _columns.Length).Chunk(size)];
        double[] sums = [.. _columns.Select(column => (double)System.Numerics.Tensors.TensorPrimitives.Sum<float>(column))];
        int[] sorted = [.. Enumerable.Range(0, _columns.Length).OrderByDescending(column => sums[column])];
        int[][] dealt = [.. Enumerable.Range(0, count).Select(group => Enumerable.Range(0, size)
            .Select(turn => sorted[turn * count + (turn % 2 == 0 ? group : count - 1 - group)]).ToArray())];
        return Sum(dealt) > Sum(asTheyWere) ? dealt : asTheyWere;
    }

    private double Sum(int[][] groups)
    {
        double[] sums = new double[groups.Length];
        Parallel.For(0, groups.Length, _workers, group => sums[group] = GroupSums.Kept(_columns, groups[group], pattern.Kept));
        return sums.Sum();
    }

    // What is won.
    private double Exchange(int[][] groups)
    {
        int count = groups.Length, parts = (count + MostTogether - 1) / MostTogether;
        int[] order = draws.Shuffled(count);
        int[] given = [.. Enumerable.Range(0, count).Select(_ => draws.Below(pattern.GroupSize))];
        float[][] thresholds = [.. Enumerable.Range(0, count).Select(_ => new float[scores.Stride])];
        Parallel.For(0, count, _workers, i =>
            GroupSums.Thresholds(_columns, groups[order[i]], given[order[i]], pattern.Kept, thresholds[i]));
        float[][] channels = [.. order.Select(group => _columns[groups[group][given[group]]])];
        (int First, int Size)[] ranges = [.. Enumerable.Range(0, parts)
            .Select(part => (First: (int)((long)part * count / parts), End: (int)((long)(part + 1) * count / parts)))
            .Select(range => (range.First, range.End - range.First))];
        double[][] gains = [.. ranges.Select(range => new double[range.Size * range.Size])];
        (int Part, int First)[] work = [.. ranges.SelectMany((range, part) =>
            Enumerable.Range(0, (range.Size + LargerSums.Many - 1) / LargerSums.Many).Select(i => (part, i * LargerSums.Many)))];
        Parallel.ForEach(work, _workers, item =>
        {
            (int first, int size) = ranges[item.Part];
            int some = Math.Min(LargerSums.Many, size - item.First);
            LargerSums.Set(thresholds.AsSpan(first + item.First, some), channels.AsSpan(first, size),
                gains[item.Part].AsSpan(item.First * size, some * size));
        });
        double[] won = new double[parts];
        Parallel.For(0, parts, _workers, part =>
            won[part] = Assign(groups, order.AsSpan(ranges[part].First, ranges[part].Size), given, gains[part]));
        return won.Sum();
    }

    private static double Assign(int[][] groups, ReadOnlySpan<int> order, int[] given, double[] gains)
    {
        int size = order.Length;
        int[] taken = Assignment.Largest(gains, size), channels = new int[size];
        double won = 0;
        for (int i = 0; i < size; i++)
        {
            channels[i] = groups[order[taken[i]]][given[order[taken[i]]]];
            won += gains[i * size + taken[i]] - gains[i * size + i];
        }
        // Rounding may call no gain one.
        if (won <= 0) return 0;
        for (int i = 0; i < size; i++) groups[order[i]][given[order[i]]] = channels[i];
        return won;
    }
}
