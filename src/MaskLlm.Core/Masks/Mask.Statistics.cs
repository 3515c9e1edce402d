using System.Numerics;
using System.Runtime.InteropServices;
using MaskLlm.Patterns;

namespace MaskLlm.Masks;

public sealed partial class Mask
{
    // Divisors before their multiples, so that the tightest is found first: every 1:2 mask is 2:4, every 2:4 mask 4:8.
    private static readonly int[] GroupSizesToTry = [2, 4, 8, 3, 6, 5, 7, 16, 32];

    /// <summary>The weights kept.</summary>
    public long KeptCount
    {
        get
        {
            long kept = 0;
            ReadOnlySpan<ulong> words = MemoryMarshal.Cast<byte, ulong>(_packed);
            foreach (ulong word in words) kept += BitOperations.PopCount(word);
            foreach (byte rest in _packed.AsSpan(words.Length * sizeof(ulong))) kept += BitOperations.PopCount(rest);
            return kept;
        }
    }

    /// <summary>The share of weights kept, 0 to 1.</summary>
    public double Density => (double)KeptCount / ((double)Rows * Columns);

    /// <summary>The groups that do not keep exactly N of their M weights.</summary>
    /// <param name="pattern">The pattern that the mask should have.</param>
    /// <exception cref="ArgumentException">The columns are no multiple of M.</exception>
    public long ViolationCount(NmPattern pattern)
    {
        ArgumentNullException.ThrowIfNull(pattern);
        if (Columns % pattern.GroupSize != 0)
            throw new ArgumentException($"The mask has {Columns} columns and pattern {pattern} needs a multiple of {pattern.GroupSize}.");
        long violations = 0;
        long groups = GroupCount(pattern.GroupSize);
        for (long group = 0; group < groups; group++)
        {
            if (KeptInGroup(group, pattern.GroupSize) != pattern.Kept) violations++;
        }
        return violations;
    }

    /// <summary>
    /// The tightest N:M that every group keeps exactly, or null where there is none: M is tried in the order
    /// 2, 4, 8, 3, 6, 5, 7, 16, 32, so a 1:2 mask is not called 2:4.
    /// </summary>
    public NmPattern? DetectPattern() => PatternsOfFirstGroup().FirstOrDefault(Has);

    /// <summary>The patterns that the first group has, the tightest first: those that the whole mask may have.</summary>
    internal IEnumerable<NmPattern> PatternsOfFirstGroup() => GroupSizesToTry
        .Where(size => Columns % size == 0 && KeptInGroup(0, size) is int kept && kept > 0 && kept < size)
        .Select(size => new NmPattern(KeptInGroup(0, size), size));

    /// <summary>Whether every group keeps N of M; false where the columns are no multiple of M.</summary>
    internal bool Has(NmPattern pattern) => Columns % pattern.GroupSize == 0 && EveryGroupKeeps(pattern.Kept, pattern.GroupSize);

    /// <summary>The groups of a size that divides the columns.</summary>
    internal long GroupCount(int groupSize) => (long)Rows * Columns / groupSize;

    private bool EveryGroupKeeps(int kept, int groupSize)
    {
        long groups = GroupCount(groupSize);
        for (long group = 0; group < groups; group++)
        {
            if (KeptInGroup(group, groupSize) != kept) return false;
        }
        return true;
    }

    private int KeptInGroup(long group, int groupSize) => BitOperations.PopCount(BitPacking.Group(_packed, group, groupSize));
}
