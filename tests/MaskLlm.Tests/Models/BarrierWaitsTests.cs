using MaskLlm.Models;

namespace MaskLlm.Tests.Models;

[Collection(TorchTests.Name)]
public class BarrierWaitsTests
{
    [Fact]
    public void Notice_OtherWork_ShortensTheWaitsUntilItIsGone()
    {
        using BarrierWaits waits = new();
        void Expect(double share, double others, bool areShort)
        {
            waits.Notice(share, others);
            Assert.Equal(areShort, waits.AreShort);
        }

        Expect(0, 0, false);
        Expect(0.5, 0, false);      // own threads in each other's way
        Expect(0.05, 1, false);     // others work, and nobody waits for them
        Expect(0.33, 1, true);
        Expect(0.01, 1, true);      // little waiting is what short waits are for
        Expect(0.01, 0.2, true);
        Expect(0.01, 0.1, false);
        Expect(0.33, 0.9, true);    // and again
    }

    /// <summary>At the limits themselves nothing changes.</summary>
    [Fact]
    public void Notice_AtTheLimits_ChangesNothing()
    {
        using BarrierWaits waits = new();
        foreach ((double share, double others, bool areShort) in new[]
        {
            (0.15, 1, false), (1, 0.3, false), (0.151, 0.301, true), (0, 0.15, true),
            (1, 0.31, true), (0.9, 0.149, false), (0.9, 0.149, false), (0.16, 0.31, true),
        })
        {
            waits.Notice(share, others);
            Assert.Equal(areShort, waits.AreShort);
        }
    }
}
