using MaskLlm.Distributed;
using MaskLlm.Learning;

namespace MaskLlm.Tests.Learning;

public sealed class GroupShareTests
{
    [Theory]
    [InlineData(1, 1000)]
    [InlineData(2, 256)]
    [InlineData(3, 1)]
    [InlineData(3, 82944)]
    [InlineData(7, 5000)]
    public void Shares_OfAllRanks_AreWholeTilesThatCoverTheLayerOnce(int ranks, long groups)
    {
        for (int layer = 0; layer < 9; layer++)
        {
            long next = 0, most = 0, least = long.MaxValue;
            for (int rank = 0; rank < ranks; rank++)
            {
                GroupShare share = new(new Ranks(null, rank, ranks, 1), groups, 4, layer);
                Assert.Equal(next, share.First);
                Assert.True(share.First % 256 == 0 || share.Count == 0);
                next = share.First + share.Count;
                (most, least) = (Math.Max(most, share.Count), Math.Min(least, share.Count));
            }
            Assert.Equal(groups, next);
            // A tile at most, and the last one's missing part.
            Assert.InRange(most - least, 0, 2 * 256);
        }
    }

    [Fact]
    public void Shares_OfLayersOfOneTile_GoFromRankToRank()
    {
        long[] owned = new long[3];
        for (int layer = 0; layer < 9; layer++)
            for (int rank = 0; rank < 3; rank++)
                owned[rank] += new GroupShare(new Ranks(null, rank, 3, 1), 200, 4, layer).Count;
        Assert.All(owned, groups => Assert.Equal(600, groups));
    }
}
