using MaskLlm.Patterns;
using MaskLlm.Permutations;

namespace MaskLlm.Tests.Permutations;

public sealed class GroupSearchTests
{
    [Theory]
    [InlineData(1, 2, 6, 3)]
    [InlineData(2, 4, 20, 37)]
    [InlineData(1, 4, 4, 8)]
    [InlineData(4, 8, 48, 100)]
    [InlineData(5, 8, 16, 9)]
    [InlineData(16, 32, 96, 50)]
    public void Run_AnyPattern_IsAnOrderThatKeepsNoLess(int kept, int size, int channels, int rows)
    {
        float[][] scores = Random(channels, rows);
        int[] order = Search(scores, new NmPattern(kept, size), 1, 1);
        Assert.Equal(Enumerable.Range(0, channels), order.Order());
        Assert.True(Kept(scores, order, kept, size) >= Kept(scores, [.. Enumerable.Range(0, channels)], kept, size) * (1 - 1e-6));
    }

    [Fact]
    public void Run_ChannelsThatAreLargeTogether_GetGroupsOfTheirOwn()
    {
        // Rows of four kinds; in each kind a quarter of the channels are large. Four large ones in a group lose two of every row: one or
        // two of each kind in a group lose none.
        const int Channels = 64, Rows = 80;
        float[][] scores = [.. Enumerable.Range(0, Channels)
            .Select(channel => Enumerable.Range(0, Rows).Select(row => row % 4 == channel / 16 ? 1f : 0f).ToArray())];
        int[] order = Search(scores, NmPattern.TwoOfFour, 0, 2);
        Assert.Equal(Rows * 16, Kept(scores, order, 2, 4), 1.0);
        Assert.True(Kept(scores, [.. Enumerable.Range(0, Channels)], 2, 4) < Rows * 9);
    }

    // Of the pairs that six channels can make; the search has found it with this seed, and does so with every other that was tried.
    [Fact]
    public void Run_FewChannels_FindsTheBestPairs()
    {
        float[][] scores = Random(6, 40);
        double best = Pairings([0, 1, 2, 3, 4, 5]).Max(order => Kept(scores, order, 1, 2));
        Assert.Equal(best, Kept(scores, Search(scores, new NmPattern(1, 2), 0, 1), 1, 2), 1e-4);
    }

    [Fact]
    public void Run_SameSeed_GivesTheSameOnAnyNumberOfThreads()
    {
        // More groups than exchange at once.
        float[][] scores = Random(1200, 30);
        int[] one = Search(scores, NmPattern.TwoOfFour, 7, 1);
        Assert.Equal(one, Search(scores, NmPattern.TwoOfFour, 7, 3));
        Assert.NotEqual(one, Search(scores, NmPattern.TwoOfFour, 8, 1));
    }

    [Fact]
    public void Run_Interrupted_Stops() => Assert.Throws<OperationCanceledException>(() =>
        new GroupSearch(Of(Random(8, 4)), NmPattern.TwoOfFour, new RandomDraws(0, 0), 1)
            .Run(cancellation: new CancellationToken(canceled: true)));

    [Theory]
    [InlineData(1, 2, 7)]
    [InlineData(2, 4, 8)]
    [InlineData(3, 8, 1030)]
    [InlineData(31, 32, 5)]
    public void Sums_AnyRows_AreThoseOfSortedGroups(int kept, int size, int rows)
    {
        float[][] scores = Random(size, rows);
        float[][] columns = Of(scores).Columns;
        int[] group = [.. Enumerable.Range(0, size)];
        Assert.Equal(Kept(scores, group, kept, size), GroupSums.Kept(columns, group, kept), 1e-3);
        float[] thresholds = new float[columns[0].Length];
        GroupSums.Thresholds(columns, group, 1, kept, thresholds);
        for (int row = 0; row < rows; row++)
            Assert.Equal(scores.Where((_, channel) => channel != 1).Select(column => column[row]).OrderDescending().ElementAt(kept - 1),
                thresholds[row]);
    }

    [Theory]
    [InlineData(1, 1, 5)]
    [InlineData(7, 3, 1033)]
    [InlineData(8, 8, 2048)]
    public void LargerSums_AnySizes_AreThoseOfEveryPair(int thresholds, int channels, int rows)
    {
        float[][] left = Of(Random(thresholds, rows)).Columns, right = Of(Random(channels, rows + 1)).Columns;
        right = [.. right.Select(column => column[..left[0].Length])];
        double[] sums = new double[thresholds * channels];
        LargerSums.Set(left, right, sums);
        for (int i = 0; i < thresholds; i++)
            for (int j = 0; j < channels; j++)
                Assert.Equal(left[i].Zip(right[j], (a, b) => (double)Math.Max(a, b)).Sum(), sums[i * channels + j], 1e-3);
    }

    private static IEnumerable<int[]> Pairings(int[] left) => left.Length == 0 ? [[]]
        : left[1..].SelectMany(partner => Pairings([.. left[1..].Where(other => other != partner)])
            .Select(rest => (int[])[left[0], partner, .. rest]));

    private static int[] Search(float[][] scores, NmPattern pattern, ulong seed, int threads) =>
        new GroupSearch(Of(scores), pattern, new RandomDraws(seed, 0), threads).Run();

    // By channel.
    private static float[][] Random(int channels, int rows)
    {
        Random random = new(1);
        return [.. Enumerable.Range(0, channels).Select(_ => Enumerable.Range(0, rows).Select(_ => random.NextSingle()).ToArray())];
    }

    private static ColumnScores Of(float[][] scores)
    {
        ColumnScores columns = new(scores.Length, scores[0].Length);
        columns.Add([.. Enumerable.Range(0, scores[0].Length).SelectMany(row => scores.Select(column => column[row]))]);
        return columns;
    }

    private static double Kept(float[][] scores, int[] order, int kept, int size) => Enumerable.Range(0, scores[0].Length)
        .Sum(row => order.Chunk(size)
            .Sum(group => group.Select(channel => (double)scores[channel][row]).OrderDescending().Take(kept).Sum()));
}
