using System.Numerics;
using MaskLlm.Patterns;

namespace MaskLlm.Masks;

/// <summary>How far two masks agree.</summary>
/// <param name="Groups">The groups compared.</param>
/// <param name="EqualGroups">The groups in which both keep the same weights.</param>
/// <param name="EqualBits">The share of weights that both keep or both prune, 0 to 1; 1 where nothing was compared.</param>
public readonly record struct MaskAgreement(long Groups, long EqualGroups, double EqualBits)
{
    /// <summary>Nothing compared yet: where a sum starts.</summary>
    public static MaskAgreement None => new(0, 0, 1);

    /// <summary>Compares two masks of one matrix.</summary>
    /// <param name="a">A mask.</param>
    /// <param name="b">A mask of the same shape.</param>
    /// <param name="groupSize">M, 1 to 32, a divisor of the columns.</param>
    /// <exception cref="ArgumentException">The shapes differ, or the columns are no multiple of M.</exception>
    public static MaskAgreement Between(Mask a, Mask b, int groupSize)
    {
        ArgumentNullException.ThrowIfNull(a);
        ArgumentNullException.ThrowIfNull(b);
        ArgumentOutOfRangeException.ThrowIfLessThan(groupSize, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(groupSize, NmPattern.LargestGroup);
        if ((a.Rows, a.Columns) != (b.Rows, b.Columns))
            throw new ArgumentException($"Masks of one matrix are compared, and these are {a.Rows} x {a.Columns} and {b.Rows} x "
                + $"{b.Columns}.");
        if (a.Columns % groupSize != 0)
            throw new ArgumentException($"The masks have {a.Columns} columns and groups of {groupSize} need a multiple of that.");
        return Count(a, b, groupSize);
    }

    /// <summary>The agreement over both: two layers of one model, compared with the same group size.</summary>
    /// <param name="other">The agreement of other groups.</param>
    public MaskAgreement Plus(MaskAgreement other)
    {
        long groups = Groups + other.Groups;
        // All groups have the same size, so the share of equal bits is weighed by groups.
        double equalBits = groups == 0 ? 1 : (EqualBits * Groups + other.EqualBits * other.Groups) / groups;
        return new MaskAgreement(groups, EqualGroups + other.EqualGroups, equalBits);
    }

    private static MaskAgreement Count(Mask a, Mask b, int groupSize)
    {
        long groups = a.GroupCount(groupSize);
        long equalGroups = 0;
        long unequalBits = 0;
        for (long group = 0; group < groups; group++)
        {
            uint difference = BitPacking.Group(a.Packed, group, groupSize) ^ BitPacking.Group(b.Packed, group, groupSize);
            if (difference == 0) equalGroups++;
            unequalBits += BitOperations.PopCount(difference);
        }
        return new MaskAgreement(groups, equalGroups, 1 - (double)unequalBits / ((double)groups * groupSize));
    }
}
