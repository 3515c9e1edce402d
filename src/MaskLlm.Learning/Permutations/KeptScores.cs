using MaskLlm.Patterns;
using TorchSharp;
using static TorchSharp.torch;

namespace MaskLlm.Permutations;

/// <summary>What the best N of each M of a matrix of scores keep.</summary>
internal static class KeptScores
{
    // Rows that are turned at once.
    private const int RowsTogether = 1024;

    /// <summary>The sums of what is kept, in the order in which the channels are and in another.</summary>
    /// <param name="scores">(R, C) float32 on the CPU.</param>
    /// <param name="order">The channel at each new place.</param>
    /// <param name="pattern">N:M.</param>
    /// <param name="threads">At least 1.</param>
    internal static (double Before, double After) Of(Tensor scores, int[] order, NmPattern pattern, int threads)
    {
        int[] same = [.. Enumerable.Range(0, order.Length)];
        double before = 0, after = 0;
        for (long row = 0; row < scores.size(0); row += RowsTogether)
        {
            using DisposeScope scope = NewDisposeScope();
            ColumnScores columns = LayerScores.ByChannel(
                scores.narrow(0, row, Math.Min(RowsTogether, scores.size(0) - row)).contiguous());
            before += Sum(columns, same, pattern, threads);
            after += Sum(columns, order, pattern, threads);
        }
        return (before, after);
    }

    private static double Sum(ColumnScores scores, int[] order, NmPattern pattern, int threads)
    {
        int size = pattern.GroupSize;
        double[] sums = new double[order.Length / size];
        Parallel.For(0, sums.Length, new ParallelOptions { MaxDegreeOfParallelism = threads }, group =>
            sums[group] = GroupSums.Kept(scores.Columns, order.AsSpan(group * size, size), pattern.Kept));
        return sums.Sum();
    }
}
