using System.Numerics;

namespace MaskLlm.Patterns;

/// <summary>The 0/1 rows that an N:M pattern allows, for every pattern whose groups are small enough, made once.</summary>
internal static class CandidateTable
{
    private static readonly byte[][] Tables = BuildAll();

    /// <summary>The candidates of one pattern, shape (C, M) row-major.</summary>
    internal static byte[] Of(int kept, int groupSize) => groupSize <= NmPattern.LargestEnumerated
        ? Tables[Index(kept, groupSize)] : throw new NotSupportedException($"{kept}:{groupSize} has too many candidates to list.");

    private static int Index(int kept, int groupSize) => groupSize * NmPattern.LargestEnumerated + kept;

    private static byte[][] BuildAll()
    {
        byte[][] tables = new byte[Index(NmPattern.LargestEnumerated, NmPattern.LargestEnumerated)][];
        for (int groupSize = 2; groupSize <= NmPattern.LargestEnumerated; groupSize++)
        {
            for (int kept = 1; kept < groupSize; kept++) tables[Index(kept, groupSize)] = Build(kept, groupSize);
        }
        return tables;
    }

    // Counting down with column 0 as the highest bit visits the kept positions in lexicographic order.
    private static byte[] Build(int kept, int groupSize)
    {
        List<byte> rows = [];
        for (uint bits = 1u << groupSize; bits-- > 0;)
        {
            if (BitOperations.PopCount(bits) != kept) continue;
            for (int column = groupSize - 1; column >= 0; column--) rows.Add((byte)(bits >> column & 1));
        }
        return [.. rows];
    }
}
