using System.Reflection;
using MaskLlm.Numerals;

namespace MaskLlm.Tests.Numerals;

/// <summary>What a user may give, number by number: the table is a decision, as the defaults are.</summary>
public sealed class OptionRangesTests
{
    private const string Expected = """
        Steps: steps `Steps`, at least 1
        BatchSize: batch-size `BatchSize`, at least 1
        MicroBatchSize: micro-batch-size `MicroBatchSize`, at least 1
        SequenceLength: seq-len `SequenceLength`, at least 1
        Window: seq-len `SequenceLength`, at least 2
        EvalWindow: eval-seq-len `EvalSequenceLength`, at least 2
        MaxWindows: max-windows `MaxWindows`, at least 1
        Limit: limit `Limit`, at least 1
        EvalWindows: eval-windows `EvalWindows`, at least 1
        PriorSamples: prior-samples `PriorSamples`, at least 1
        Samples: samples `Samples`, at least 1
        MinExpertTokens: min-expert-tokens `MinExpertTokens`, at least 0
        DenseShare: dense-share `DenseShare`, at least 0 and below 1
        HiddenMemory: hidden-memory `HiddenMemoryBytes`, at least 0
        Threads: threads `Threads`, 1 to 1024
        Repeats: repeats `Repeats`, at least 1
        Processes: processes `Processes`, 1 to 1024
        Seconds: seconds `Seconds`, 0 to 3600
        Seed: seed `Seed`, at least 0
        Seeds: seeds `Seeds`, at least 0
        SaveEvery: save-every `SaveEvery`, at least 1
        LogEvery: log-every `LogEvery`, at least 1
        EvalEvery: eval-every `EvalEvery`, at least 0
        PretrainEvalEvery: eval-every `EvalEvery`, at least 1
        LearningRate: learning-rate `LearningRate`, a positive number
        WeightLearningRate: weight-learning-rate `WeightLearningRate`, a positive number
        DroppedDecay: dropped-decay `DroppedDecay`, at least 0
        Epsilon: epsilon `Epsilon`, a positive number
        WeightDecay: weight-decay `WeightDecay`, at least 0
        ClipNorm: clip-norm `ClipNorm`, a positive number
        WarmupSteps: warmup-steps `WarmupSteps`, at least 0
        InitialStd: initial-std `InitialStd`, a positive number
        PriorStrength: prior-strength `PriorStrength`, at least 0
        ScoreStrength: score-strength `ScoreStrength`, at least 0
        StateDistillation: state-distillation `StateDistillation`, at least 0
        WeightReward: weight-reward `WeightReward`, at least 0
        Distillation: distillation `Distillation`, 0 to 1
        Noise: noise `Noise`, 0, or 0.000001 to 100,
        AverageDecay: average-decay `AverageDecay`, at least 0 and below 1
        MaxLoss: max-loss `MaxLoss`, at least 0
        MaxMemory: max-memory `MaxMemory`, at least 1
        MinTokensPerSecond: min-tokens-per-second `MinTokensPerSecond`, a positive number
        MaxTokens: max-tokens `MaxTokens`, at least 1
        Temperature: temperature `Temperature`, 0 to 100
        TopK: top-k `TopK`, at least 0
        TopP: top-p `TopP`, above 0 and at most 1
        RepetitionPenalty: repetition-penalty `RepetitionPenalty`, 0.01 to 100
        Context: context `ContextLength`, at least 1
        Port: port `Port`, 0 to 65535
        MaxBody: max-body `MaxBodyBytes`, 1 to 1073741824
        MaxBodies: max-bodies `BodyBytes`, 1 to 1099511627776
        Parallel: parallel `Parallel`, 1 to 1024
        Queue: queue `Queue`, 0 to 1000000
        MaxPrompt: max-prompt `MaxPrompt`, at least 1
        MaxOutput: max-output `MaxOutput`, at least 1
        CacheMegabytes: cache-mb `CacheBytes`, at least 1
        """;

    [Fact]
    public void AllRanges_InWords_AreThoseOfTheTable()
    {
        IEnumerable<string> found = typeof(OptionRanges).GetFields(BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic)
            .Select(field => $"{field.Name}: {Property(field, "Name")} {Property(field, "Subject")}, {Property(field, "Wanted")}");
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
        Assert.Equal("`Steps` is 2147483648; at most 2147483647 is needed.", OptionRanges.Steps.Refusal("2147483648", isTooHigh: true));
        Assert.Equal("`Steps` is 0; at least 1 is needed.", OptionRanges.Steps.Refusal("0", isTooHigh: false));
        Assert.Equal("`Threads` is 1025; 1 to 1024 is needed.", OptionRanges.Threads.Refusal("1025", isTooHigh: true));
        Assert.Equal("`N` is 9; more than 1 is needed.",
            new NumberRange<int>("n", 1, int.MaxValue) { IsAboveLeast = true }.Refusal("9", isTooHigh: false));
        Assert.Equal("`N` is 9; above 1 and below 3 is needed.",
            new NumberRange<int>("n", 1, 3) { IsAboveLeast = true, IsBelowMost = true }.Refusal("9", isTooHigh: true));
    }

    private static object? Property(FieldInfo range, string name) =>
        range.FieldType.GetProperty(name,
            BindingFlags.Instance | BindingFlags.NonPublic | BindingFlags.Public)!.GetValue(range.GetValue(null));
}
