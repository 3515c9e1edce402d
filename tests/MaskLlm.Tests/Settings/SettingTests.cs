using MaskLlm.Learning;
using MaskLlm.Numerals;
using MaskLlm.Pretraining;
using MaskLlm.Settings;

namespace MaskLlm.Tests.Settings;

/// <summary>Settings that are written once, asked for by name.</summary>
public sealed class SettingTests
{
    [Fact]
    public void With_Texts_ReadsWhatEachKindTakes()
    {
        LearnOptions options = new();
        Assert.True(Of("hard").With(options, []).Hard);
        Assert.False(Of("hard").With(options with { Hard = true }, ["False"]).Hard);
        Assert.Equal(WeightTraining.WithMasks, Of("train-weights").With(options, ["With-Masks"]).TrainWeights);
        Assert.Equal(new ScheduleRange(3, 0.5), Of("tau").With(options, ["3:0.5"]).Tau);
        Assert.Equal(["a", "b"], Of("skip").With(options, ["a", "b"]).Skip);
        Assert.Equal(2, Of("micro-batch-size").With(options, ["2"]).MicroBatchSize);
    }

    [Fact]
    public void With_NoSuchValue_IsRefusedByName()
    {
        Assert.Equal("`TrainWeights` is \"some\"; none, with-masks, only, moving, dense are known.", Refused("train-weights", "some"));
        Assert.Equal("`Steps` is 0; at least 1 is needed.", Refused("steps", "0"));
        Assert.Equal("`Moments` is \"int4\"; float32, bfloat16, int8 are known.", Refused("moments", "int4"));
    }

    [Fact]
    public void ToJson_ValueThatIsNotSet_IsWhatStandsInForIt()
    {
        LearnOptions options = new() { BatchSize = 12 };
        Assert.Equal("12", Of("micro-batch-size").ToJson(options)!.ToJsonString());
        Assert.True(Of("micro-batch-size").IsOptional);
        Assert.Equal("\"maskllm\"", Of("recipe").ToJson(options)!.ToJsonString());
        Assert.Equal("[]", Of("skip").ToJson(options)!.ToJsonString());
        Assert.Equal("1E-05", Of("epsilon").ToJson(options)!.ToJsonString());
    }

    [Fact]
    public void All_OfBothRecords_HaveNamesOfTheirOwnAndCoverTheRecord()
    {
        Assert.Equal(LearnSettings.All.Count, LearnSettings.All.DistinctBy(setting => setting.Name).Count());
        Assert.Equal(PretrainSettings.All.Count, PretrainSettings.All.DistinctBy(setting => setting.Name).Count());
        Assert.Equal(typeof(PretrainOptions).GetProperties().Length, PretrainSettings.All.Count);
        Assert.Equal(10, LearnSettings.OfSpeed.Count);
        // By which a message calls it.
        Assert.All(LearnSettings.All.Where(setting => setting.Choices.Count > 0),
            setting => Assert.NotNull(typeof(LearnOptions).GetProperty(PropertyNames.Quoted(setting.Name).Trim('`'))));
    }

    private static Setting<LearnOptions> Of(string name) => LearnSettings.All.Single(setting => setting.Name == name);

    private static string Refused(string name, string text) =>
        Assert.Throws<ArgumentException>(() => Of(name).With(new LearnOptions(), [text])).Message;
}
