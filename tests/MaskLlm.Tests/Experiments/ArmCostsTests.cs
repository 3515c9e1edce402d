using MaskLlm.Architectures;
using MaskLlm.Data;
using MaskLlm.Experiments;
using MaskLlm.Learning;
using MaskLlm.Priors;
using MaskLlm.Tests.Data;

namespace MaskLlm.Tests.Experiments;

/// <summary>
/// What an arm costs, in passes over tokens: measured ones give the seconds of a pass, and so those of the arms that are left.
/// </summary>
public sealed class ArmCostsTests : IDisposable
{
    private static readonly CorpusOptions Data = new() { Sources = [] };
    private readonly DataFolder _folder = new();
    private readonly EvaluationTexts _texts;

    public ArmCostsTests()
    {
        ExperimentRequest request = new()
        {
            Name = "tau",
            Model = Fixture.PathOf("models/llama-gqa-tied"),
            Data = Data,
            Out = "out",
            Options = new LearnOptions { SequenceLength = 16 },
            MaxWindows = 3,
        };
        Dictionary<string, string> named = new() { ["short"] = Ids("short.npy", 47), ["long"] = Ids("long.npy", 1000) };
        _texts = EvaluationTexts.Read(request, named, CheckpointConfig.Read(request.Model), null, TestContext.Current.CancellationToken);
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Tokens_Text_AreThoseOfItsWindowsUpToTheMost()
    {
        Assert.Equal(2 * 16, _texts.Tokens("short"));
        Assert.Equal(3 * 16, _texts.Tokens("long"));
    }

    [Fact]
    public void Left_ArmsOfEveryKind_AreTimedByTheirPasses()
    {
        PruneRequest magnitude = new() { Model = "m", Method = "magnitude", Out = "o" };
        LearnOptions options = new() { Steps = 10, BatchSize = 2, SequenceLength = 8 };
        Arm dense = new("dense", ["short"]);
        // Evaluation alone; with three passes of the calibration; with four of every step, or five beside the dense model.
        AssertCosts(32, dense);
        AssertCosts(80, new("both", ["short", "long"]));
        AssertCosts(32, new("magnitude", ["short"]) { Prune = magnitude });
        AssertCosts(32 + 3 * 5 * 20, new("wanda", ["short"]) { Prune = magnitude with { Data = Data, Samples = 5, SequenceLength = 20 } });
        AssertCosts(32 + 4 * 160, Learned(options));
        AssertCosts(32 + 5 * 160, Learned(options with { Distillation = 0.5 }));

        void AssertCosts(double passes, Arm arm)
        {
            ArmCosts costs = new([dense, arm with { Seed = 1 }], _texts);
            Assert.Equal(TimeSpan.Zero, costs.Left(new HashSet<string>()));
            costs.Add(dense, 8);
            Assert.Equal(passes / 4, costs.Left(new HashSet<string> { "dense" }).TotalSeconds, 1e-6);
            costs.Add(arm, 1);
            Assert.Equal(TimeSpan.Zero, costs.Left(new HashSet<string> { "dense", $"{arm.Slug}-seed1" }));
            Assert.Equal(9 / (32 + passes) * 32, costs.Left(new HashSet<string> { $"{arm.Slug}-seed1" }).TotalSeconds, 1e-6);
        }

        static Arm Learned(LearnOptions options) => new("learned", ["short"])
        {
            Learn = new LearnRequest { Model = "m", Data = Data, Out = "o", Options = options },
        };
    }

    private string Ids(string name, int count) => _folder.WriteNpy(
        name, "|u1", $"{count},", [.. Enumerable.Range(0, count).Select(id => (byte)(id % 128))]);
}
