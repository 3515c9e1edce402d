using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace MaskLlm.Permutations;

/// <summary>Sums over all rows of the larger of two lists, for some lists with many others: a matrix product with max for times.</summary>
internal static class LargerSums
{
    /// <summary>Thresholds that one call is best given.</summary>
    internal const int Many = 8;

    // A tile of a few lists stays in the first cache.
    private const int Together = 1024, Thresholds = 4, Columns = 2;

    /// <summary>Sets sums[i * columns + j] to the sum over rows of max(threshold i, column j).</summary>
    /// <param name="thresholds">Lists of whole vectors.</param>
    /// <param name="columns">Lists of the same length.</param>
    /// <param name="sums">(thresholds, columns).</param>
    internal static void Set(ReadOnlySpan<float[]> thresholds, ReadOnlySpan<float[]> columns, Span<double> sums)
    {
        sums.Clear();
        int stride = columns[0].Length;
        for (int first = 0; first < stride; first += Together)
        {
            int end = Math.Min(stride, first + Together);
            for (int j = 0; j < columns.Length; j += Columns)
                for (int i = 0; i < thresholds.Length; i += Thresholds) AddTile(thresholds, columns, i, j, first, end, sums);
        }
    }

    // At the ends the last list stands in for those that are not there, whose sums nobody takes.
    private static void AddTile(ReadOnlySpan<float[]> thresholds, ReadOnlySpan<float[]> columns, int i, int j, int first, int end,
        Span<double> sums)
    {
        ref float t0 = ref At(thresholds, i), t1 = ref At(thresholds, i + 1);
        ref float t2 = ref At(thresholds, i + 2), t3 = ref At(thresholds, i + 3);
        ref float c0 = ref At(columns, j), c1 = ref At(columns, j + 1);
        Vector256<float> s00 = default, s01 = default, s10 = default, s11 = default, s20 = default, s21 = default, s30 = default,
            s31 = default;
        for (nuint row = (nuint)first; row < (nuint)end; row += (nuint)Vector256<float>.Count)
        {
            Vector256<float> left = Vector256.LoadUnsafe(ref c0, row), right = Vector256.LoadUnsafe(ref c1, row);
            Vector256<float> threshold = Vector256.LoadUnsafe(ref t0, row);
            s00 += Vector256.MaxNative(threshold, left);
            s01 += Vector256.MaxNative(threshold, right);
            threshold = Vector256.LoadUnsafe(ref t1, row);
            s10 += Vector256.MaxNative(threshold, left);
            s11 += Vector256.MaxNative(threshold, right);
            threshold = Vector256.LoadUnsafe(ref t2, row);
            s20 += Vector256.MaxNative(threshold, left);
            s21 += Vector256.MaxNative(threshold, right);
            threshold = Vector256.LoadUnsafe(ref t3, row);
            s30 += Vector256.MaxNative(threshold, left);
            s31 += Vector256.MaxNative(threshold, right);
        }
        AddRow(sums, columns.Length, thresholds.Length, i, j, s00, s01);
        AddRow(sums, columns.Length, thresholds.Length, i + 1, j, s10, s11);
        AddRow(sums, columns.Length, thresholds.Length, i + 2, j, s20, s21);
        AddRow(sums, columns.Length, thresholds.Length, i + 3, j, s30, s31);
    }

    private static ref float At(ReadOnlySpan<float[]> lists, int index) =>
        ref MemoryMarshal.GetArrayDataReference(lists[Math.Min(index, lists.Length - 1)]);

    private static void AddRow(Span<double> sums, int width, int rows, int i, int j, Vector256<float> left, Vector256<float> right)
    {
        if (i >= rows) return;
        sums[i * width + j] += Vector256.Sum(left);
        if (j + 1 < width) sums[i * width + j + 1] += Vector256.Sum(right);
    }
}
