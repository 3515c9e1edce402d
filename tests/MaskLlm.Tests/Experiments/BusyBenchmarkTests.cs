using MaskLlm.Architectures;
using MaskLlm.Experiments;
using MaskLlm.Tests.Architectures.Families;

namespace MaskLlm.Tests.Experiments;

public sealed class BusyBenchmarkTests
{
    /// <summary>Eight rows of at most 256 tokens and the one after, within the model's positions and its vocabulary.</summary>
    [Theory]
    [InlineData(4096, 8 * 257)]
    [InlineData(257, 8 * 257)]
    [InlineData(256, 8 * 256)]
    [InlineData(16, 8 * 16)]
    public void Ids_AnyModel_FillEightRows(int positions, int expected)
    {
        DecoderConfig config = ConfigCase.Read("llama", "{}") with { MaxPositions = positions, VocabularySize = 100 };
        int[] ids = BusyBenchmark.Ids(config);
        Assert.Equal(expected, ids.Length);
        Assert.Equal([0, 19, 38, 57, 76, 95, 14], ids[..7]);
    }

    [Fact]
    public void Options_LeftOut_AreOneProcessThreePairsAndFourSeconds()
    {
        BusyBenchmarkOptions options = new() { Model = "M" };
        Assert.Equal((1, 3, 4.0, (int?)null), (options.Processes, options.Repeats, options.Seconds, options.Threads));
        options.Validate();
        foreach (BusyBenchmarkOptions wrong in new[]
            { options with { Processes = 0 }, options with { Repeats = 0 }, options with { Seconds = -1 } })
            Assert.Throws<ArgumentException>(wrong.Validate);
    }
}
