using MaskLlm.Data;
using MaskLlm.Experiments;
using MaskLlm.Learning;

namespace MaskLlm.Tests.Experiments;

public sealed class ExperimentPlanTests
{
    private static readonly string[] Texts = ["a", "b", "c"];
    private static readonly DomainTexts[] Domains = [.. Texts.Select(name => new DomainTexts(name, $"{name}.train.txt", $"{name}.test.txt"))];

    // Dense, one-shot masks (the prior among them), then a learned mask for each value and seed.
    [Theory]
    [InlineData("compare", 1 + 5, 1 * 3)]
    [InlineData("prior", 1 + 3, 4)]
    [InlineData("tau", 1 + 1, 4)]
    [InlineData("kappa", 1 + 1, 4)]
    [InlineData("alpha", 1 + 1, 5)]
    [InlineData("reward", 1 + 1, 5)]
    [InlineData("tokens", 1 + 2, 5)]
    [InlineData("domains", 1 + 1 + 3 + 3 + 1, 3 * (1 + 2 * 3))]
    [InlineData("transfer", 1 + 3 + 1, 1 + 2 * 3 * 4)]
    public void Of_EachExperiment_HasTheArmsOfTheIssue(string name, int measured, int learned)
    {
        IReadOnlyList<Arm> arms = Plan(name);
        Assert.Equal("dense", arms[0].Label);
        Assert.Equal((learned, name == "domains" ? 6 : 0), (arms.Count(arm => arm.Learn is not null), arms.Count(arm => arm.Merge is not null)));
        Assert.Equal(measured, arms.Count(arm => arm.Learn is null && arm.Merge is null));
        Assert.Equal(arms.Count, arms.Select(arm => arm.Slug).Distinct().Count());
    }

    [Fact]
    public void Of_EachExperiment_MakesEveryMaskBeforeItIsNeeded()
    {
        foreach (string name in ExperimentPlan.Names)
        {
            HashSet<string> made = [LearnRequest.NoPrior];
            foreach (Arm arm in Plan(name))
            {
                Assert.All(arm.Merge?.Inputs ?? (arm.Learn is null ? [] : [arm.Learn.Prior]), needed => Assert.Contains(needed, made));
                if (arm.Mask is not null) made.Add(arm.Mask);
            }
        }
    }

    [Fact]
    public void Of_Sweeps_ChangeTheirOptionOnly()
    {
        LearnOptions own = new() { Steps = 7, Distillation = 0.5, Seed = 4 };
        (string Name, Func<LearnOptions, LearnOptions> Undo, object[] Values)[] sweeps =
        [
            ("tau", options => options with { Tau = own.Tau }, [new ScheduleRange(1, 0.05), new ScheduleRange(2, 0.05), new ScheduleRange(4, 0.05), new ScheduleRange(10, 0.05)]),
            ("kappa", options => options with { Kappa = own.Kappa }, [new ScheduleRange(1, 5), new ScheduleRange(100, 500), new ScheduleRange(1e3, 5e3), new ScheduleRange(1e5, 5e5)]),
            ("alpha", options => options with { PriorStrength = own.PriorStrength }, [0.0, 1.0, 2.0, 3.0, 5.0]),
            ("reward", options => options with { WeightReward = own.WeightReward }, [0.0, 1e-6, 1e-5, 1e-4, 1e-3]),
        ];
        foreach ((string name, Func<LearnOptions, LearnOptions> undo, object[] values) in sweeps)
        {
            LearnOptions[] learned = [.. Plan(name, request => request with { Options = own, Seeds = [4] }).Select(arm => arm.Learn?.Options).OfType<LearnOptions>()];
            Assert.All(learned, options => Assert.Equal(own, undo(options)));
            Assert.Equal(values, learned.Select(options => name switch { "tau" => options.Tau, "kappa" => options.Kappa, "alpha" => options.PriorStrength, _ => (object)options.WeightReward }));
        }
    }

    [Fact]
    public void Of_CompareWithOptions_HasThePapersRecipeBesideThem()
    {
        LearnOptions own = new() { Steps = 7, BatchSize = 3, SequenceLength = 9, LearningRate = 1, Distillation = 0.5 };
        LearnOptions[] learned = [.. Plan("compare", request => request with { Options = own }).Select(arm => arm.Learn?.Options).OfType<LearnOptions>()];
        LearnOptions paper = new() { Steps = 7, BatchSize = 3, SequenceLength = 9, Skip = own.Skip };
        Assert.Equal([paper, paper with { Seed = 1 }, paper with { Seed = 2 }, own, own with { Seed = 1 }, own with { Seed = 2 }], learned);
    }

    [Fact]
    public void Of_Tokens_RunsFromAQuarterToFourTimesTheSteps()
    {
        Arm[] curve = [.. Plan("tokens", request => request with { Options = new LearnOptions { Steps = 100, BatchSize = 2, SequenceLength = 10 } }).Where(arm => arm.Series is not null)];
        Assert.Equal([25, 50, 100, 200, 400], curve.Select(arm => arm.Learn!.Options.Steps));
        Assert.Equal([500, 1000, 2000, 4000, 8000], curve.Select(arm => arm.X!.Value));
    }

    [Fact]
    public void Of_Domains_GivesEachMaskItsTextPriorAndMeasure()
    {
        IReadOnlyList<Arm> arms = Plan("domains", request => request with { Seeds = [5] });
        Arm One(string label) => arms.Single(arm => arm.Label == label && arm.Domain is null or "b");
        (Arm general, Arm scratch, Arm transfer) = (One("general mask"), One("domain mask, from scratch"), One("domain mask, from general"));
        Assert.Equal(["a.train.txt", "b.train.txt", "c.train.txt"], general.Learn!.Data.Sources.Select(source => source.Path));
        Assert.All([scratch, transfer, One("wanda")], arm => Assert.Equal(["b"], arm.Texts));
        Assert.Equal(["b.train.txt", "b.train.txt"], new[] { scratch, transfer }.SelectMany(arm => arm.Learn!.Data.Sources.Select(source => source.Path)));
        Assert.Equal((general.Mask, true, One("sparsegpt").Mask, false), (transfer.Learn!.Prior, transfer.Learn.Options.ExactPrior, scratch.Learn!.Prior, scratch.Learn.Options.ExactPrior));
        Assert.Equal(3, One("merged, domain mask, from general").Merge!.Inputs.Count);
    }

    [Fact]
    public void Of_NamesThatWouldShareAFolder_AreRefused()
    {
        ExperimentRequest request = Request("domains");
        DomainTexts[] alike = [new("x y", "1", "2"), new("x-y", "3", "4")];
        Assert.Contains("would share the folder", Assert.Throws<ArgumentException>(() => ExperimentPlan.Of(request, alike, ["x y", "x-y"])).Message, StringComparison.Ordinal);
    }

    private static IReadOnlyList<Arm> Plan(string name, Func<ExperimentRequest, ExperimentRequest>? change = null) =>
        ExperimentPlan.Of((change ?? (request => request))(Request(name)), ExperimentPlan.IsOfDomains(name) ? Domains : [], Texts);

    private static ExperimentRequest Request(string name) => new()
    {
        Name = name,
        Model = "model",
        Data = new CorpusOptions { Sources = ExperimentPlan.IsOfDomains(name) ? [] : [new DataSource("text.txt")] },
        Out = "out",
    };
}
