using MaskLlm.Serving;

namespace MaskLlm.Tests.Serving;

/// <summary>Tokens a second of the last ten seconds.</summary>
public class TokenRateTests
{
    [Fact]
    public void PerSecond_CountsTheSecondsThatAreOver()
    {
        TokenRate rate = new();
        rate.Add(40, 1_000_100);
        rate.Add(60, 1_005_900);
        rate.Add(1000, 1_006_000);
        Assert.Equal(10, rate.PerSecond(1_006_500));
        Assert.Equal(110, rate.PerSecond(1_010_999));
        Assert.Equal(106, rate.PerSecond(1_011_000));
        Assert.Equal(0, rate.PerSecond(2_000_000));
    }
}
