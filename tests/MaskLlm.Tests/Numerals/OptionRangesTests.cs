using System.Reflection;
using MaskLlm.Numerals;

namespace MaskLlm.Tests.Numerals;

/// <summary>What a user may give, number by number: the table is a decision, as the defaults are.</summary>
public sealed class OptionRangesTests
{
    private const string Expected = """
        Steps: --steps, at least 1
        BatchSize: --batch-size, at least 1
        MicroBatchSize: --micro-batch-size, at least 1
        SequenceLength: --seq-len, at least 1
        Window: --seq-len, at least 2
        EvalWindow: --eval-seq-len, at least 2
        MaxWindows: --max-windows, at least 1
        EvalWindows: --eval-windows, at least 1
        Samples: --samples, at least 1
        HiddenMemory: --hidden-memory, at least 0
        Threads: --threads, 1 to 1024
        Repeats: --repeats, at least 1
        Processes: --processes, 1 to 1024
        Seconds: --seconds, 0 to 3600
        Seed: --seed, at least 0
        Seeds: --seeds, at least 0
        SaveEvery: --save-every, at least 1
        LogEvery: --log-every, at least 1
        EvalEvery: --eval-every, at least 0
        PretrainEvalEvery: --eval-every, at least 1
        LearningRate: --learning-rate, a positive number
        WeightLearningRate: --weight-learning-rate, a positive number
        Epsilon: --epsilon, a positive number
        WeightDecay: --weight-decay, at least 0
        ClipNorm: --clip-norm, a positive number
        WarmupSteps: --warmup-steps, at least 0
        InitialStd: --initial-std, a positive number
        PriorStrength: --prior-strength, at least 0
        ScoreStrength: --score-strength, at least 0
        StateDistillation: --state-distillation, at least 0
        WeightReward: --weight-reward, at least 0
        Distillation: --distillation, 0 to 1
        Noise: --noise, 0, or 0.000001 to 100,
        AverageDecay: --average-decay, at least 0 and below 1
        MaxLoss: --max-loss, at least 0
        MaxTokens: --max-tokens, at least 1
        Temperature: temperature, 0 to 100
        TopK: top-k, at least 0
        TopP: top-p, above 0 and at most 1
        RepetitionPenalty: repetition-penalty, 0.01 to 100
        Context: --context, at least 1
        Port: --port, 0 to 65535
        MaxBody: --max-body, 1 to 1073741824
        MaxBodies: --max-bodies, 1 to 1099511627776
        Parallel: --parallel, 1 to 1024
        Queue: --queue, 0 to 1000000
        MaxPrompt: --max-prompt, at least 1
        MaxOutput: --max-output, at least 1
        CacheMegabytes: --cache-mb, at least 1
        """;

    [Fact]
    public void AllRanges_InWords_AreThoseOfTheTable()
    {
        IEnumerable<string> found = typeof(OptionRanges).GetFields(BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic)
            .Select(field => $"{field.Name}: {Property(field, "Name")}, {Property(field, "Wanted")}");
        Assert.Equal(Expected.ReplaceLineEndings("\n"), string.Join('\n', found));
    }

    /// <summary>What multiplies float32 tensors must be one itself; other numbers end where their type does.</summary>
    [Fact]
    public void OpenRanges_Most_IsThatOfTheirType()
    {
        Assert.Equal(
            [float.MaxValue, float.MaxValue, float.MaxValue, float.MaxValue, float.MaxValue, float.MaxValue, float.MaxValue, float.MaxValue,
            double.MaxValue],
            ((NumberRange<double>[])
            [
                OptionRanges.LearningRate, OptionRanges.WeightLearningRate, OptionRanges.Epsilon, OptionRanges.InitialStd,
                OptionRanges.PriorStrength, OptionRanges.ScoreStrength, OptionRanges.StateDistillation, OptionRanges.WeightReward,
                    OptionRanges.MaxLoss,
            ]).Select(range => range.Most));
        Assert.Equal(int.MaxValue, OptionRanges.Steps.Most);
        Assert.Equal((0ul, ulong.MaxValue), (OptionRanges.Seed.Least, OptionRanges.Seed.Most));
    }

    [Theory]
    [InlineData(false, false, false, "1 2 3")]
    [InlineData(true, false, false, "2 3")]
    [InlineData(false, true, false, "1 2")]
    [InlineData(true, true, false, "2")]
    [InlineData(false, false, true, "0 1 2 3")]
    public void Holds_NumbersAtTheLimits_AreInWhereTheRangeSaysSo(bool above, bool below, bool zero, string expected)
    {
        NumberRange<int> range = new("n", 1, 3) { IsAboveLeast = above, IsBelowMost = below, HasZeroToo = zero };
        Assert.Equal(expected, string.Join(' ', Enumerable.Range(-1, 6).Where(range.Holds)));
        range.Require(null);
        range.Require(2);
        Assert.Throws<ArgumentException>(() => range.Require(4));
    }

    [Fact]
    public void Refusal_TooHighInAnOpenRange_NamesTheHighest()
    {
        Assert.Equal("--steps is 2147483648; at most 2147483647 is needed.", OptionRanges.Steps.Refusal("2147483648", isTooHigh: true));
        Assert.Equal("--steps is 0; at least 1 is needed.", OptionRanges.Steps.Refusal("0", isTooHigh: false));
        Assert.Equal("--threads is 1025; 1 to 1024 is needed.", OptionRanges.Threads.Refusal("1025", isTooHigh: true));
        Assert.Equal("n is 9; more than 1 is needed.",
            new NumberRange<int>("n", 1, int.MaxValue) { IsAboveLeast = true }.Refusal("9", isTooHigh: false));
        Assert.Equal("n is 9; above 1 and below 3 is needed.",
            new NumberRange<int>("n", 1, 3) { IsAboveLeast = true, IsBelowMost = true }.Refusal("9", isTooHigh: true));
    }

    private static object? Property(FieldInfo range, string name) =>
        range.FieldType.GetProperty(name,
            BindingFlags.Instance | BindingFlags.NonPublic | BindingFlags.Public)!.GetValue(range.GetValue(null));
}
