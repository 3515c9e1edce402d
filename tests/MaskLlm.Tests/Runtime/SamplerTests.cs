using MaskLlm.Models;
using MaskLlm.Runtime;

namespace MaskLlm.Tests.Runtime;

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
        int[] Drawn(ulong seed) => [.. Enumerable.Range(0, 50).Select(position => new Sampler(new SamplingOptions { Temperature = 2, Seed = seed }, 4).Draw(Logits, position))];
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
    public void Validate_OutOfRange_IsRefused(float temperature, int topK, float topP, float penalty) => Assert.Throws<ArgumentException>(() =>
        new SamplingOptions { Temperature = temperature, TopK = topK, TopP = topP, RepetitionPenalty = penalty }.Validate());
}
