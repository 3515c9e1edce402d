using MaskLlm.Decoding;
using MaskLlm.Models;

namespace MaskLlm.Tests.Decoding;

/// <summary>What can be drawn, and how often.</summary>
[Collection(TorchTests.Name)]
public class SamplerTests
{
    private static readonly float[] Logits = [1f, 3f, 2f, -1f];

    [Fact]
    public void Draw_TemperatureZero_TakesTheLargest() => Assert.Equal(1, new Sampler(new SamplingOptions(), 4).Draw(Logits, 0));

    [Fact]
    public void Draw_TemperatureZeroWhereDenormalsCountAsZero_TakesTheLargest()
    {
        TorchRuntime.Start(2);
        Random random = new(1);
        float[] logits = [.. Enumerable.Range(0, 1000).Select(_ => random.NextSingle() - 0.5f)];
        logits[731] = 1;
        Assert.Equal(731, new Sampler(new SamplingOptions(), 1000).Draw(logits, 0));
    }

    [Fact]
    public void Draw_Temperature_GivesTheSoftmaxsFrequencies()
    {
        Sampler sampler = new(new SamplingOptions { Temperature = 1, Seed = 3 }, 4);
        double[] counts = new double[4];
        for (int position = 0; position < 40000; position++) counts[sampler.Draw(Logits, position)]++;
        double[] weights = [.. Logits.Select(logit => Math.Exp(logit))];
        for (int id = 0; id < 4; id++) Assert.Equal(weights[id] / weights.Sum(), counts[id] / 40000, 0.01);
    }

    [Theory]
    [InlineData(float.NaN, 0f)]
    [InlineData(float.NaN, 1f)]
    [InlineData(float.PositiveInfinity, 1f)]
    [InlineData(float.NegativeInfinity, 0f)]
    public void Draw_NotFinite_DrawsNothing(float wrong, float temperature)
    {
        Sampler sampler = new(new SamplingOptions { Temperature = temperature }, 4);
        string message = Assert.Throws<InvalidDataException>(() => sampler.Draw([1, wrong, 2, -1], 7)).Message;
        Assert.Contains("position 7", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1000f, 1f)]
    [InlineData(1e30f, 1e-9f)]
    public void Draw_LargeLogits_TakeTheLargest(float scale, float temperature)
    {
        Sampler sampler = new(new SamplingOptions { Temperature = temperature }, 4);
        Assert.All(Enumerable.Range(0, 50), position => Assert.Equal(1, sampler.Draw([scale, 3 * scale, 2 * scale, -scale], position)));
    }

    [Fact]
    public void Draw_TopKAndTopP_LeaveOnlyTheMostProbable()
    {
        HashSet<int> Drawn(SamplingOptions options)
        {
            Sampler sampler = new(options, 4);
            return [.. Enumerable.Range(0, 2000).Select(position => sampler.Draw(Logits, position))];
        }
        Assert.Equal([1, 2], Drawn(new SamplingOptions { Temperature = 5, TopK = 2 }).Order());
        Assert.Equal([1], Drawn(new SamplingOptions { Temperature = 5, TopK = 1 }));
        // Softmax at 1: 0.66, 0.24, 0.09, 0.01.
        Assert.Equal([1], Drawn(new SamplingOptions { Temperature = 1, TopP = 0.6f }));
        Assert.Equal([1, 2], Drawn(new SamplingOptions { Temperature = 1, TopP = 0.8f }).Order());
    }

    [Fact]
    public void Draw_RepetitionPenalty_LowersWhatWasSeen()
    {
        Sampler sampler = new(new SamplingOptions { RepetitionPenalty = 2 }, 4);
        sampler.See(1);
        Assert.Equal(2, sampler.Draw(Logits, 0));
        sampler.See(2);
        Assert.Equal(1, sampler.Draw(Logits, 0));
    }

    [Fact]
    public void Draw_SameSeedAndPosition_IsTheSameToken()
    {
        int[] Drawn(ulong seed) =>
            [.. Enumerable.Range(0, 50)
            .Select(position => new Sampler(new SamplingOptions { Temperature = 2, Seed = seed }, 4).Draw(Logits, position))];
        Assert.Equal(Drawn(1), Drawn(1));
        Assert.NotEqual(Drawn(1), Drawn(2));
    }

    [Theory]
    [InlineData(-1f, 0, 1f, 1f)]
    [InlineData(float.NaN, 0, 1f, 1f)]
    [InlineData(1f, -1, 1f, 1f)]
    [InlineData(1f, 0, 0f, 1f)]
    [InlineData(1f, 0, 1.1f, 1f)]
    [InlineData(1f, 0, 1f, 0f)]
    public void Validate_OutOfRange_IsRefused(float temperature, int topK, float topP, float penalty) =>
        Assert.Throws<ArgumentException>(() =>
        new SamplingOptions { Temperature = temperature, TopK = topK, TopP = topP, RepetitionPenalty = penalty }.Validate());

    /// <summary>A penalty lowers: what is positive is divided, what is negative multiplied.</summary>
    [Fact]
    public void Draw_RepetitionPenaltyOnNegativeLogits_LowersThem()
    {
        Sampler sampler = new(new SamplingOptions { RepetitionPenalty = 2 }, 3);
        sampler.See(0);
        Assert.Equal(1, sampler.Draw([-1f, -1.5f, -3f], 0));
        Assert.Equal(0, sampler.Draw([-1f, -2.5f, -3f], 0));
        Assert.Equal(0, sampler.Draw([3f, 1f, -3f], 0));
        Sampler raising = new(new SamplingOptions { RepetitionPenalty = 0.5f }, 2);
        raising.See(1);
        Assert.Equal(1, raising.Draw([-1f, -1.5f], 0));
    }

    /// <summary>The definition: the token at which the running sum of the softmax passes the position's uniform number.</summary>
    [Theory]
    [InlineData(0.5f, 1f, 0)]
    [InlineData(1f, 1f, 0)]
    [InlineData(2f, 1f, 0)]
    [InlineData(2f, 1f, 3)]
    [InlineData(1f, 0.8f, 0)]
    public void Draw_Position_TakesWhereTheSumPassesItsNumber(float temperature, float topP, int topK)
    {
        Sampler sampler = new(new SamplingOptions { Temperature = temperature, TopP = topP, TopK = topK, Seed = 11 }, 4);
        double[] weights = [.. Logits.Select(logit => Math.Exp(logit / temperature))];
        int[] order = topK > 0 || topP < 1 ? [.. Enumerable.Range(0, 4).OrderByDescending(id => weights[id])] : [0, 1, 2, 3];
        if (topK > 0) order = order[..topK];
        // Softmax at 1: 0.66 and 0.24 pass 0.8 together.
        if (topP < 1) order = order[..2];
        double sum = order.Sum(id => weights[id]);
        Span<uint> words = stackalloc uint[4];
        for (int position = 0; position < 200; position++)
        {
            MaskLlm.Randomness.Philox.Block(11, 0, (ulong)position, words);
            double left = words[0] / 4294967296.0 * sum;
            int expected = order.First(id => (left -= weights[id]) < 1e-9 * sum);
            Assert.Equal(expected, sampler.Draw(Logits, position));
        }
    }

    [Theory]
    [InlineData(0f, 0, 1f, 1f, true)]
    [InlineData(100f, 1, 0.001f, 100f, true)]
    [InlineData(100.5f, 0, 1f, 1f, false)]
    [InlineData(1f, 0, 1f, 100.5f, false)]
    [InlineData(1f, 0, 1f, 0.01f, true)]
    [InlineData(1f, 0, 1f, 0.009f, false)]
    [InlineData(1f, 0, float.NaN, 1f, false)]
    [InlineData(1f, 0, 1f, float.NaN, false)]
    public void Validate_EndsOfTheRanges_AreIn(float temperature, int topK, float topP, float penalty, bool isRight) => Assert.Equal(
        isRight, Record.Exception(new SamplingOptions
        {
            Temperature = temperature,
            TopK = topK,
            TopP = topP,
            RepetitionPenalty = penalty
        }.Validate) is null);
}
