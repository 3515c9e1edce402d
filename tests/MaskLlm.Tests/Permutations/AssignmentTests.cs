using MaskLlm.Permutations;

namespace MaskLlm.Tests.Permutations;

public sealed class AssignmentTests
{
    [Fact]
    public void Largest_SmallMatrices_IsTheBestOfAllAssignments()
    {
        Random random = new(1);
        for (int trial = 0; trial < 400; trial++)
        {
            int size = 1 + trial % 6;
            // Of few values, so that many are equal; negative ones too.
            double[] gains = [.. Enumerable.Range(0, size * size).Select(_ => trial % 2 == 0 ? random.Next(5) - 2.0 : random.NextDouble())];
            int[] found = Assignment.Largest(gains, size);
            Assert.Equal(Enumerable.Range(0, size), found.Order());
            Assert.Equal(All(size).Max(order => Sum(gains, order)), Sum(gains, found), 1e-9);
        }
    }

    [Fact]
    public void Largest_LargeMatrixWithAKnownBest_FindsIt()
    {
        const int Size = 120;
        Random random = new(1);
        int[] best = [.. Enumerable.Range(0, Size)];
        random.Shuffle(best);
        // Prices of rows and columns hide it; every other place is worth less than they give.
        double[] rows = [.. best.Select(_ => random.NextDouble() * 100)], columns = [.. best.Select(_ => random.NextDouble() * 100)];
        double[] gains = [.. Enumerable.Range(0, Size * Size)
            .Select(at => rows[at / Size] + columns[at % Size] - (best[at / Size] == at % Size ? 0 : 0.01 + random.NextDouble()))];
        Assert.Equal(best, Assignment.Largest(gains, Size));
    }

    private static double Sum(double[] gains, int[] order) => order.Select((column, row) => gains[row * order.Length + column]).Sum();

    private static IEnumerable<int[]> All(int size) => size == 0 ? [[]]
        : All(size - 1).SelectMany(order => Enumerable.Range(0, size).Select(at => (int[])[.. order[..at], size - 1, .. order[at..]]));
}
