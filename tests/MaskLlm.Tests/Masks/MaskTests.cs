using CsCheck;
using MaskLlm.Masks;
using MaskLlm.Patterns;

namespace MaskLlm.Tests.Masks;

public sealed class MaskTests
{
    private static readonly Gen<(int Rows, int Columns, byte[] Bits)> AnyMask =
        from rows in Gen.Int[1, 9]
        from columns in Gen.Int[1, 41]
        from bits in Gen.Byte[0, 1].Array[rows * columns]
        select (rows, columns, bits);

    [Fact]
    public void FromBytes_NineWeights_PutsTheFirstInTheHighestBit()
    {
        Mask mask = Mask.FromBytes(3, 3, [1, 0, 0, 0, 0, 0, 1, 1, 1]);
        Assert.Equal([0b1000_0011, 0b1000_0000], mask.Packed.ToArray());
    }

    [Fact]
    public void CopyTo_WhatFromBytesPacked_GivesTheSameBytes() => AnyMask.Sample(given =>
    {
        Mask mask = Mask.FromBytes(given.Rows, given.Columns, given.Bits);
        byte[] unpacked = new byte[given.Bits.Length];
        mask.CopyTo(unpacked);
        Assert.Equal(given.Bits, unpacked);
        Assert.Equal(mask.Packed.ToArray(), new Mask(given.Rows, given.Columns, mask.Packed.ToArray()).Packed.ToArray());
    });

    [Fact]
    public void Packed_AnyBits_AreThoseOfTheDefinition() => AnyMask.Sample(given =>
    {
        byte[] expected = new byte[(given.Bits.Length + 7) / 8];
        for (int i = 0; i < given.Bits.Length; i++) expected[i / 8] |= (byte)(given.Bits[i] * (0x80 >> i % 8));
        Assert.Equal(expected, Mask.FromBytes(given.Rows, given.Columns, given.Bits).Packed.ToArray());
    });

    [Fact]
    public void Statistics_AnyBits_CountTheBits() => AnyMask.Sample(given =>
    {
        Mask mask = Mask.FromBytes(given.Rows, given.Columns, given.Bits);
        Assert.Equal(given.Bits.Count(bit => bit == 1), mask.KeptCount);
        Assert.Equal(given.Bits.Average(bit => (double)bit), mask.Density, 1e-12);
        for (int i = 0; i < given.Bits.Length; i++) Assert.Equal(given.Bits[i] == 1, mask[i / given.Columns, i % given.Columns]);
    });

    [Fact]
    public void ViolationCount_AnyBits_CountsTheWrongGroups() =>
        Gen.Select(Gen.Int[2, 8], Gen.Int[1, 5], Gen.Int[1, 6]).SelectMany((groupSize, rows, groups) =>
            Gen.Byte[0, 1].Array[rows * groups * groupSize].Select(bits => (groupSize, rows, groups, bits))).Sample(given =>
        {
            Mask mask = Mask.FromBytes(given.rows, given.groups * given.groupSize, given.bits);
            for (int kept = 1; kept < given.groupSize; kept++)
            {
                int expected = given.bits.Chunk(given.groupSize).Count(group => group.Count(bit => bit == 1) != kept);
                Assert.Equal(expected, mask.ViolationCount(new NmPattern(kept, given.groupSize)));
            }
        });

    [Theory]
    [InlineData(1, 2)]
    [InlineData(2, 4)]
    [InlineData(1, 4)]
    [InlineData(3, 4)]
    [InlineData(4, 8)]
    [InlineData(3, 8)]
    [InlineData(1, 3)]
    [InlineData(2, 6)]
    [InlineData(2, 5)]
    [InlineData(3, 7)]
    public void DetectPattern_AllCandidatesInARow_FindsThePattern(int kept, int groupSize)
    {
        NmPattern pattern = new(kept, groupSize);
        Mask mask = Mask.FromBytes(1, pattern.CandidateCount * groupSize, pattern.Candidates);
        Assert.Equal(pattern, mask.DetectPattern());
        Assert.Equal(0, mask.ViolationCount(pattern));
    }

    [Fact]
    public void DetectPattern_OneGroupWrong_FindsNone()
    {
        Mask mask = Mask.FromBytes(2, 4, [1, 1, 0, 0, 0, 1, 0, 0]);
        Assert.Null(mask.DetectPattern());
        Assert.Equal(1, mask.ViolationCount(NmPattern.TwoOfFour));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void DetectPattern_AllAlike_FindsNone(byte bit) =>
        Assert.Null(Mask.FromBytes(2, 8, Enumerable.Repeat(bit, 16).ToArray()).DetectPattern());

    [Fact]
    public void ViolationCount_ColumnsNotDivisible_SaysBothNumbers()
    {
        ArgumentException error = Assert.Throws<ArgumentException>(() => Mask.FromBytes(1, 6, new byte[6])
            .ViolationCount(NmPattern.TwoOfFour));
        Assert.Equal("The mask has 6 columns and pattern 2:4 needs a multiple of 4.", error.Message);
    }

    [Fact]
    public void Constructor_WrongLengthOrStrayBits_IsRefused()
    {
        Assert.Throws<ArgumentException>(() => new Mask(2, 8, new byte[3]));
        Assert.Throws<ArgumentException>(() => new Mask(1, 4, [0b1100_0001]));
        Assert.Throws<ArgumentException>(() => Mask.FromBytes(1, 4, [1, 0, 2, 0]));
        Assert.Throws<ArgumentException>(() => Mask.FromBytes(1, 4, [1, 0, 0]));
        Assert.Throws<ArgumentOutOfRangeException>(() => new Mask(0, 4, []));
    }

    /// <summary>Groups wider than a byte, wherever they begin.</summary>
    [Theory]
    [InlineData(9)]
    [InlineData(11)]
    [InlineData(16)]
    [InlineData(23)]
    [InlineData(31)]
    [InlineData(32)]
    public void ViolationCount_WideGroups_CountsTheWrongOnes(int groupSize)
    {
        Random random = new(groupSize);
        byte[] bits = [.. Enumerable.Range(0, 3 * 5 * groupSize).Select(_ => (byte)random.Next(2))];
        Mask mask = Mask.FromBytes(3, 5 * groupSize, bits);
        for (int kept = 1; kept < groupSize; kept++)
            Assert.Equal(bits.Chunk(groupSize).Count(group => group.Count(bit => bit == 1) != kept),
                mask.ViolationCount(new NmPattern(kept, groupSize)));
    }

    [Theory]
    [InlineData(16)]
    [InlineData(32)]
    public void DetectPattern_OnlyWideGroupsAreAlike_FindsThem(int groupSize)
    {
        // Half of every group, but more of them in the first quarter in one group and in the last in the other.
        byte[] first = [.. Enumerable.Range(0, groupSize).Select(i => (byte)(i < groupSize / 2 ? 1 : 0))], second = [.. first.Reverse()];
        Mask mask = Mask.FromBytes(2, groupSize, [.. first, .. second]);
        Assert.Equal(new NmPattern(groupSize / 2, groupSize), mask.DetectPattern());
    }

    [Fact]
    public void Indexer_OutsideTheMatrix_IsRefused()
    {
        Mask mask = Mask.FromBytes(2, 3, [1, 0, 1, 0, 1, 0]);
        Assert.All(((int, int)[])[(-1, 0), (0, -1), (2, 0), (0, 3)], at =>
            Assert.Throws<ArgumentOutOfRangeException>(() => mask[at.Item1, at.Item2]));
        Assert.Throws<ArgumentException>(() => mask.CopyTo(new byte[5]));
        Assert.Throws<ArgumentOutOfRangeException>(() => Mask.FromBytes(1, 0, []));
        Assert.Contains("at row 1, column 2 it was given 7",
            Assert.Throws<ArgumentException>(() => Mask.FromBytes(2, 3, [0, 0, 0, 0, 0, 7])).Message, StringComparison.Ordinal);
    }
}
