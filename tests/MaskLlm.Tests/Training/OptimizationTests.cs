using MaskLlm.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace MaskLlm.Tests.Training;

[Collection(TorchTests.Name)]
public sealed class OptimizationTests
{
    // Of a peak of 10: a cosine to 1, through the middle at half the way; a warm-up that reaches the peak at its last step.
    [Theory]
    [InlineData(10.0, 0, 100, 0)]
    [InlineData(7.75, 1, 3, 0)]
    [InlineData(5.5, 50, 100, 0)]
    [InlineData(1.0, 100, 100, 0)]
    [InlineData(2.5, 0, 100, 4)]
    [InlineData(7.5, 2, 100, 4)]
    [InlineData(10.0, 3, 100, 4)]
    [InlineData(10.0, 4, 100, 4)]
    [InlineData(5.5, 52, 100, 4)]
    [InlineData(1.0, 5, 4, 4)]
    public void At_Step_IsTheRate(double expected, long step, long steps, long warmup) =>
        Assert.Equal(expected, CosineSchedule.At(10, step, steps, warmup), 1e-12);

    [Fact]
    public void Corrections_FirstSteps_AreThoseOfTheDecays()
    {
        AdamWRates first = new(0, 1, 0, 1), third = new(2, 1, 0, 1);
        Assert.Equal(0.1, first.FirstCorrection, 1e-12);
        Assert.Equal(0.05, first.SecondCorrection, 1e-12);
        Assert.Equal(1 - 0.9 * 0.9 * 0.9, third.FirstCorrection, 1e-12);
        Assert.Equal(1 - 0.95 * 0.95 * 0.95, third.SecondCorrection, 1e-12);
    }

    /// <summary>At the first step the corrected moments are the gradient and its square: the step is the rate times the sign, after the
    /// decay.</summary>
    [Fact]
    public void Update_FirstStep_DecaysAndGoesByTheRate()
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor parameter = tensor(new[] { 2f, -2f }), first = zeros(2), second = zeros(2);
        AdamW.Update(parameter, first, second, tensor(new[] { 4f, -0.5f }), new AdamWRates(0, 0.1, 0.5, 0));
        Assert.Equal([1.8f, -1.8f], parameter.data<float>().Select(value => MathF.Round(value, 5)));
        Assert.Equal([0.4f, -0.05f], first.data<float>().Select(value => MathF.Round(value, 5)));
        Assert.Equal([0.8f, 0.0125f], second.data<float>().Select(value => MathF.Round(value, 5)));
    }
}
