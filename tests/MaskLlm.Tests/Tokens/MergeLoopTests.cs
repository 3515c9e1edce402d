using CsCheck;
using MaskLlm.Tokens;

namespace MaskLlm.Tests.Tokens;

public class MergeLoopTests
{
    [Fact]
    public void Run_RandomMerges_ScanAndHeapAgree()
    {
        // Tokens 0..3 are characters; each merge makes a new token of two earlier ones.
        Gen<List<Merge>> merges = Gen.Int[0, 1000].Array[2].Array[0, 25].Select(pairs =>
            pairs.Select((pair, rank) => new Merge(pair[0] % (4 + rank), pair[1] % (4 + rank), rank, 4 + rank)).ToList());
        Gen.Select(merges, Gen.Int[0, 3].Array[1, 200]).Sample((list, word) =>
        {
            MergeTable table = new(list);
            (int[]? scanned, int[]? heaped) = ((int[])word.Clone(), (int[])word.Clone());
            Array.Resize(ref scanned, MergeLoop.RunByScan(scanned, table));
            Array.Resize(ref heaped, MergeLoop.RunByHeap(heaped, table));
            Assert.Equal(scanned, heaped);
        }, iter: 3000);
    }

    [Fact]
    public void Run_EqualRanks_MergesFromTheLeft()
    {
        MergeTable table = new([new Merge(0, 0, 0, 1)]);
        int[] symbols = [0, 0, 0];
        Assert.Equal(2, MergeLoop.RunByHeap(symbols, table));
        Assert.Equal([1, 0], symbols[..2]);
    }
}
