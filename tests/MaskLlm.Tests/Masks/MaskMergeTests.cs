using MaskLlm.Masks;
using MaskLlm.Patterns;

namespace MaskLlm.Tests.Masks;

public sealed class MaskMergeTests
{
    [Theory]
    [InlineData("1100", "1100", "0011", "1100")]
    [InlineData("1010", "0110", "0011", "1010")]
    [InlineData("1001", "0110", "0101", "0101")]
    [InlineData("0011", "1100", "1100", "1100")]
    [InlineData("1100", "0110", "0101", "1100")]
    [InlineData("0101", "1010", "0101", "0101")]
    public void Vote_ThreeMasks_KeepsWhatMostKeep(string a, string b, string c, string expected) => Assert.Equal(expected, Vote(a, b, c));

    [Fact]
    public void Vote_Ties_GoToTheEarlierMask()
    {
        Assert.Equal("1100", Vote("1100", "0011"));
        Assert.Equal("0011", Vote("0011", "1100"));
        // One vote each for 0 and 1 (a), 2 and 3 (b): a's two.
        Assert.Equal("0101", Vote("0101", "1010"));
        // All keep input 0; of the rest 2 has a's vote, 1 has b's, 3 has c's.
        Assert.Equal("1010", Vote("1010", "1100", "1001"));
    }

    [Theory]
    [InlineData(1, 2)]
    [InlineData(2, 4)]
    [InlineData(4, 8)]
    [InlineData(3, 7)]
    public void Vote_RandomMasks_HaveThePatternAndTwoGiveTheFirst(int kept, int groupSize)
    {
        NmPattern pattern = new(kept, groupSize);
        Mask[] masks = [.. Enumerable.Range(0, 5).Select(seed => RandomMask(pattern, seed))];

        Mask merged = MaskMerge.Vote(masks, pattern);

        Assert.Equal(0, merged.ViolationCount(pattern));
        Assert.Equal(masks[0].Packed, MaskMerge.Vote(masks[..2], pattern).Packed);
        Assert.Equal(masks[1].Packed, MaskMerge.Vote([masks[1], masks[1], masks[0]], pattern).Packed);
        long votes = Votes(merged, masks);
        Assert.All(masks, mask => Assert.True(votes >= Votes(mask, masks)));
    }

    [Fact]
    public void CountUnanimous_CountsGroupsInWhichAllAgree()
    {
        Mask a = Parse("1100" + "1010" + "0011"), b = Parse("1100" + "1010" + "0101"), c = Parse("1100" + "0110" + "0101");
        Assert.Equal(1, MaskMerge.CountUnanimous([a, b, c], 4));
        Assert.Equal(2, MaskMerge.CountUnanimous([a, b], 4));
        Assert.Equal(3, MaskMerge.CountUnanimous([a], 4));
    }

    private static long Votes(Mask kept, Mask[] masks)
    {
        long votes = 0;
        for (int row = 0; row < kept.Rows; row++)
            for (int column = 0; column < kept.Columns; column++)
                if (kept[row, column]) votes += masks.Count(mask => mask[row, column]);
        return votes;
    }

    private static Mask RandomMask(NmPattern pattern, int seed)
    {
        Random random = new(seed);
        byte[] bytes = [.. Enumerable.Range(0, 30)
            .SelectMany(_ => pattern.Candidates.Slice(random.Next(pattern.CandidateCount) * pattern.GroupSize, pattern.GroupSize)
            .ToArray())];
        return Mask.FromBytes(5, 6 * pattern.GroupSize, bytes);
    }

    private static string Vote(params string[] masks)
    {
        Mask merged = MaskMerge.Vote([.. masks.Select(Parse)], NmPattern.TwoOfFour);
        return string.Concat(Enumerable.Range(0, 4).Select(column => merged[0, column] ? '1' : '0'));
    }

    private static Mask Parse(string bits) => Mask.FromBytes(1, bits.Length, [.. bits.Select(bit => (byte)(bit - '0'))]);

    /// <summary>Two inputs that the same masks keep, and room for one of them: the lower index, however far apart.</summary>
    [Theory]
    [InlineData("11000", "00110", "00101", "10100")]
    [InlineData("01001", "00110", "10100", "01100")]
    public void Vote_InputsThatTheSameMasksKeep_GoByTheirIndex(string a, string b, string c, string expected)
    {
        Mask merged = MaskMerge.Vote([Parse(a), Parse(b), Parse(c)], new NmPattern(2, 5));
        Assert.Equal(expected, string.Concat(Enumerable.Range(0, 5).Select(column => merged[0, column] ? '1' : '0')));
    }
}
