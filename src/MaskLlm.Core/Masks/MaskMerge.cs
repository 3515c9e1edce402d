using MaskLlm.Patterns;

namespace MaskLlm.Masks;

/// <summary>Several masks of one matrix into one, group by group.</summary>
internal static class MaskMerge
{
    /// <summary>The most masks that can vote: two numbers of that many bits make a rank of 64.</summary>
    internal const int MostMasks = 32;

    /// <summary>
    /// Of every group the N inputs that most masks keep. Of inputs with equally many votes those of the first mask go
    /// before the others, then those of the second and so on, and at last the lower index decides.
    /// </summary>
    /// <param name="masks">1 to 32 masks of one shape that all have the pattern.</param>
    /// <param name="pattern">N:M.</param>
    /// <returns>A mask of the same shape that has the pattern. Of two masks it is the first: what both keep and then what the first
    /// keeps.</returns>
    internal static Mask Vote(IReadOnlyList<Mask> masks, NmPattern pattern)
    {
        int rows = masks[0].Rows, columns = masks[0].Columns, size = pattern.GroupSize;
        byte[] merged = new byte[(long)rows * columns];
        Span<uint> voters = stackalloc uint[size];
        for (long group = 0; group < masks[0].GroupCount(size); group++)
        {
            ReadVoters(masks, group, voters);
            KeepMost(voters, pattern.Kept, merged.AsSpan(checked((int)(group * size)), size));
        }
        return Mask.FromBytes(rows, columns, merged);
    }

    /// <summary>The groups in which all masks keep the same inputs.</summary>
    internal static long CountUnanimous(IReadOnlyList<Mask> masks, int groupSize)
    {
        long unanimous = 0;
        for (long group = 0; group < masks[0].GroupCount(groupSize); group++)
        {
            uint first = BitPacking.Group(masks[0].Packed, group, groupSize);
            bool all = true;
            for (int mask = 1; all && mask < masks.Count; mask++) all = BitPacking.Group(masks[mask].Packed, group, groupSize) == first;
            if (all) unanimous++;
        }
        return unanimous;
    }

    // A bit a mask that keeps the input, the first mask highest: more bits are more votes, and of as many bits the larger number goes
    // first.
    private static void ReadVoters(IReadOnlyList<Mask> masks, long group, Span<uint> voters)
    {
        voters.Clear();
        for (int mask = 0; mask < masks.Count; mask++)
        {
            uint bits = BitPacking.Group(masks[mask].Packed, group, voters.Length);
            for (int i = 0; i < voters.Length; i++) voters[i] = voters[i] << 1 | bits >> (voters.Length - 1 - i) & 1;
        }
    }

    private static void KeepMost(ReadOnlySpan<uint> voters, int kept, Span<byte> group)
    {
        for (; kept > 0; kept--)
        {
            int best = -1;
            for (int i = 0; i < voters.Length; i++)
                if (group[i] == 0 && (best < 0 || Rank(voters[i]) > Rank(voters[best]))) best = i;
            group[best] = 1;
        }
    }

    private static ulong Rank(uint voters) => (ulong)uint.PopCount(voters) << MostMasks | voters;
}
