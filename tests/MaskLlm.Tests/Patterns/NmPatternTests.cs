using MaskLlm.Patterns;

namespace MaskLlm.Tests.Patterns;

public sealed class NmPatternTests
{
    public static TheoryData<int, int, int> AllPatterns()
    {
        int[][] pascal = [[1, 2, 1], [1, 3, 3, 1], [1, 4, 6, 4, 1], [1, 5, 10, 10, 5, 1], [1, 6, 15, 20, 15, 6, 1],
            [1, 7, 21, 35, 35, 21, 7, 1], [1, 8, 28, 56, 70, 56, 28, 8, 1]];
        TheoryData<int, int, int> rows = new();
        for (int groupSize = 2; groupSize <= 8; groupSize++)
        {
            for (int kept = 1; kept < groupSize; kept++) rows.Add(kept, groupSize, pascal[groupSize - 2][kept]);
        }
        return rows;
    }

    [Fact]
    public void Candidates_TwoOfFour_AreInTheOrderOfCombinations()
    {
        byte[] expected = [1, 1, 0, 0, 1, 0, 1, 0, 1, 0, 0, 1, 0, 1, 1, 0, 0, 1, 0, 1, 0, 0, 1, 1];
        Assert.Equal(expected, NmPattern.TwoOfFour.Candidates.ToArray());
    }

    [Theory, MemberData(nameof(AllPatterns))]
    public void Candidates_EveryPattern_AreBinomialManyDistinctAndSorted(int kept, int groupSize, int binomial)
    {
        NmPattern pattern = new(kept, groupSize);
        byte[][] rows = [.. pattern.Candidates.ToArray().Chunk(groupSize)];
        Assert.Equal(binomial, pattern.CandidateCount);
        Assert.Equal(binomial, rows.Length);
        Assert.All(rows, row => Assert.Equal(kept, row.Count(bit => bit == 1)));
        Assert.All(rows, row => Assert.DoesNotContain(row, bit => bit > 1));
        string[] kepts = [.. rows.Select(KeptPositions)];
        Assert.Equal(kepts.Distinct().Order(StringComparer.Ordinal), kepts);
    }

    [Theory, MemberData(nameof(AllPatterns))]
    public void Parse_TextOfAPattern_GivesAnEqualPattern(int kept, int groupSize, int binomial)
    {
        NmPattern pattern = new(kept, groupSize);
        Assert.Equal($"{kept}:{groupSize}", pattern.ToString());
        Assert.Equal(pattern, NmPattern.Parse(pattern.ToString()));
        Assert.Equal(binomial, NmPattern.Parse(pattern.ToString()).CandidateCount);
    }

    [Theory]
    [InlineData("")]
    [InlineData("2")]
    [InlineData("2-4")]
    [InlineData("2:4:8")]
    [InlineData("a:4")]
    [InlineData(" 2:4")]
    [InlineData("-2:4")]
    [InlineData("0:4")]
    [InlineData("4:4")]
    [InlineData("5:4")]
    [InlineData("4:33")]
    [InlineData("99999999999:4")]
    public void Parse_NoPattern_SaysWhatIsWanted(string text)
    {
        ArgumentException error = Assert.Throws<ArgumentException>(() => NmPattern.Parse(text));
        Assert.Contains($"'{text}'", error.Message, StringComparison.Ordinal);
        Assert.Contains("1 <= N < M <= 32", error.Message, StringComparison.Ordinal);
    }

    private static string KeptPositions(byte[] row) =>
        string.Concat(Enumerable.Range(0, row.Length).Where(column => row[column] == 1));

    [Fact]
    public void Candidates_GroupsWiderThanEight_AreNotListed()
    {
        Assert.Equal(32, NmPattern.Parse("31:32").GroupSize);
        Assert.Throws<NotSupportedException>(() => new NmPattern(4, 9).Candidates.Length);
    }

    [Fact]
    public void Deconstruct_Pattern_GivesBothNumbers()
    {
        (int kept, int groupSize) = new NmPattern(3, 7);
        Assert.Equal((3, 7), (kept, groupSize));
    }
}
