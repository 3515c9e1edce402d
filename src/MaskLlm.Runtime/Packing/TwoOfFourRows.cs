namespace MaskLlm.Packing;

/// <summary>Which weights of a checkpoint that was pruned before are the two of four.</summary>
internal static class TwoOfFourRows
{
    /// <summary>Whether at most two of every four neighbours are not zero.</summary>
    internal static bool Fits(ReadOnlySpan<float> values)
    {
        for (int i = 0; i < values.Length; i += 4)
            if (Count(values.Slice(i, 4)) > 2) return false;
        return true;
    }

    /// <summary>Marks them, 1 = kept; where fewer than two are not zero, the first zeros are kept too.</summary>
    internal static void Mark(ReadOnlySpan<float> values, Span<byte> kept)
    {
        for (int i = 0; i < values.Length; i++) kept[i] = (byte)(values[i] != 0 ? 1 : 0);
        for (int i = 0; i < values.Length; i += 4)
        {
            int missing = 2 - Count(values.Slice(i, 4));
            for (int place = 0; missing > 0; place++)
            {
                if (kept[i + place] == 1) continue;
                kept[i + place] = 1;
                missing--;
            }
        }
    }

    /// <summary>The marks of a whole matrix; null where it is not 2:4.</summary>
    /// <param name="values">(O, I) row-major.</param>
    /// <param name="columns">I.</param>
    internal static byte[]? Of(ReadOnlySpan<float> values, int columns)
    {
        if (columns % 4 != 0 || !Fits(values)) return null;
        byte[] kept = new byte[values.Length];
        Mark(values, kept);
        return kept;
    }

    private static int Count(ReadOnlySpan<float> group)
    {
        int count = 0;
        foreach (float value in group)
            if (value != 0) count++;
        return count;
    }
}
