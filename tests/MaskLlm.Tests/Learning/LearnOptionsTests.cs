using MaskLlm.Learning;
using MaskLlm.MaskKernels;
using MaskLlm.Patterns;

namespace MaskLlm.Tests.Learning;

/// <summary>Options that go together, and those that do not.</summary>
public sealed class LearnOptionsTests
{
    [Fact]
    public void RunsDenseModel_AnyThatNeedsIt_IsTrue()
    {
        Assert.False(new LearnOptions().RunsDenseModel);
        Assert.True(new LearnOptions { Distillation = 0.1 }.RunsDenseModel);
        Assert.True(new LearnOptions { StateDistillation = 0.1 }.RunsDenseModel);
        Assert.True(new LearnOptions { Blockwise = true }.RunsDenseModel);
    }

    [Theory]
    [InlineData(false, 0, WeightTraining.None)]
    [InlineData(true, 0.1, WeightTraining.None)]
    [InlineData(true, 2, WeightTraining.WithMasks)]
    [InlineData(false, 2, WeightTraining.Only)]
    [InlineData(false, 0, WeightTraining.Only)]
    public void UsesScores_WithAStrengthAndMasksToLearn_IsTrue(bool uses, double strength, WeightTraining training) =>
        Assert.Equal(uses, new LearnOptions { ScoreStrength = strength, TrainWeights = training }.UsesScores);

    [Fact]
    public void Validate_WhatGoesTogether_Passes()
    {
        LearnOptions options = new() { BatchSize = 6 };
        LearnOptions[] good =
        [
            options, options with { MicroBatchSize = 1 }, options with { MicroBatchSize = 3 }, options with { MicroBatchSize = 6 },
            // The longest array that there is.
            options with { BatchSize = 1, SequenceLength = Array.MaxLength - 1 },
            options with { BatchSize = Array.MaxLength / 2, SequenceLength = 1 },
            options with { Pattern = new NmPattern(4, 8) },
            options with { Pattern = new NmPattern(8, 16), Parametrization = Parametrization.Items },
            options with { Moments = MomentType.Int8 }, options with { Kernel = KernelKind.Plain },
        ];
        foreach (LearnOptions each in good) each.Validate();
    }

    [Fact]
    public void Validate_WhatDoesNot_IsRefused()
    {
        LearnOptions options = new() { BatchSize = 6 };
        Refused("`MicroBatchSize` is 0; at least 1 is needed.", options with { MicroBatchSize = 0 });
        Refused("`MicroBatchSize` is -1; at least 1 is needed.", options with { MicroBatchSize = -1 });
        Refused("`MicroBatchSize` is 4; a divisor of the batch size 6 is needed.", options with { MicroBatchSize = 4 });
        Refused("`BatchSize` is 1; at most 0 sequences of 2147483591 tokens is needed.",
            options with { BatchSize = 1, SequenceLength = Array.MaxLength });
        Refused("`BatchSize` is 1073741796; at most 1073741795 sequences of 1 tokens is needed.",
            options with { BatchSize = Array.MaxLength / 2 + 1, SequenceLength = 1 });
        Refused("`Pattern` 8:16: a group has too many masks for a logit each; add `Parametrization` items.",
            options with { Pattern = new NmPattern(8, 16) });
        Refused(
            "`Moments` int8 is for `Parametrization` candidates; with items leave it at float32.",
            options with { Parametrization = Parametrization.Items, Moments = MomentType.Int8 });
        Refused(
            "`Moments` bfloat16 is for `Kernel` fused; with `Kernel` plain leave it at float32.",
            options with { Kernel = KernelKind.Plain, Moments = MomentType.BFloat16 });
    }

    private static void Refused(string expected, LearnOptions options) =>
        Assert.Equal(expected, Assert.Throws<ArgumentException>(options.Validate).Message);
}
