namespace MaskLlm.Data;

/// <summary>Picks windows of the held-out tokens, spread over the sources by their weights and over each source evenly.</summary>
internal static class HeldOutWindows
{
    /// <summary>Reads the windows, source by source.</summary>
    public static IReadOnlyList<int[]> Read(IReadOnlyList<TokenRanges> heldOut, IReadOnlyList<double> weights, int length, int maxWindows)
    {
        long[] available = [.. heldOut.Select(source => source.Length / length)];
        int[] quotas = Quotas(available, weights, maxWindows);
        List<int[]> windows = new(quotas.Sum());
        for (int source = 0; source < quotas.Length; source++)
        {
            for (int i = 0; i < quotas[source]; i++)
            {
                int[] window = new int[length];
                heldOut[source].Read(available[source] * i / quotas[source] * length, window);
                windows.Add(window);
            }
        }

        return windows;
    }

    /// <summary>Gives windows away one by one, each to the source that is furthest behind its weight; a source without any comes
    /// first.</summary>
    private static int[] Quotas(long[] available, IReadOnlyList<double> weights, int maxWindows)
    {
        int[] quotas = new int[available.Length];
        for (int given = 0; given < maxWindows; given++)
        {
            int next = -1;
            double largest = 0;
            for (int i = 0; i < quotas.Length; i++)
            {
                double claim = quotas[i] == 0 ? weights[i] + 1 : weights[i] / ((2 * quotas[i]) + 1);
                if (quotas[i] < available[i] && claim > largest)
                    (next, largest) = (i, claim);
            }

            if (next < 0)
                break;
            quotas[next]++;
        }

        return quotas;
    }
}
