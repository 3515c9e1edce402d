using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace MaskLlm.Permutations;

/// <summary>What a group keeps of every row: vectors of eight rows, the same on every processor.</summary>
internal static class GroupSums
{
    // Rows whose sums are float32 before they are added up in float64.
    private const int Together = 1024;

    /// <summary>Sum over all rows of the largest scores of a group.</summary>
    /// <param name="columns">Of all channels.</param>
    /// <param name="group">M channels.</param>
    /// <param name="kept">N.</param>
    internal static double Kept(float[][] columns, ReadOnlySpan<int> group, int kept)
    {
        Span<Vector256<float>> largest = stackalloc Vector256<float>[kept];
        double sum = 0;
        int stride = columns[0].Length;
        for (int first = 0; first < stride; first += Together)
        {
            Vector256<float> part = Vector256<float>.Zero;
            for (int row = first; row < Math.Min(stride, first + Together); row += Vector256<float>.Count)
            {
                Largest(columns, group, left: -1, row, largest);
                foreach (Vector256<float> value in largest) part += value;
            }
            sum += Vector256.Sum(part);
        }
        return sum;
    }

    /// <summary>The score that one more channel must have in each row to be kept: the Nth largest of the others.</summary>
    /// <param name="columns">Of all channels.</param>
    /// <param name="group">M channels.</param>
    /// <param name="left">The place of the one that leaves the group.</param>
    /// <param name="kept">N.</param>
    /// <param name="thresholds">Takes one of each row.</param>
    internal static void Thresholds(float[][] columns, ReadOnlySpan<int> group, int left, int kept, float[] thresholds)
    {
        Span<Vector256<float>> largest = stackalloc Vector256<float>[kept];
        for (int row = 0; row < thresholds.Length; row += Vector256<float>.Count)
        {
            Largest(columns, group, left, row, largest);
            largest[kept - 1].StoreUnsafe(ref thresholds[row]);
        }
    }

    // By falling size, each row of the eight for itself: what is larger moves the smaller ones on.
    private static void Largest(float[][] columns, ReadOnlySpan<int> group, int left, int row, Span<Vector256<float>> largest)
    {
        largest.Clear();
        for (int i = 0; i < group.Length; i++)
        {
            if (i == left) continue;
            Vector256<float> value = Vector256.LoadUnsafe(ref MemoryMarshal.GetArrayDataReference(columns[group[i]]), (nuint)row);
            foreach (ref Vector256<float> place in largest)
            {
                Vector256<float> smaller = Vector256.MinNative(place, value);
                place = Vector256.MaxNative(place, value);
                value = smaller;
            }
        }
    }
}
