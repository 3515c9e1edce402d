using MaskLlm.Data;
using MaskLlm.Experiments;
using MaskLlm.Learning;
using MaskLlm.Priors;

namespace MaskLlm.Tests.Experiments;

public sealed class ExperimentPlanTests
{
    private static readonly string[] Texts = ["a", "b", "c"];
    private static readonly DomainTexts[] Domains =
        [.. Texts.Select(name => new DomainTexts(name, $"{name}.train.txt", $"{name}.test.txt"))];

    // Dense, one-shot masks (the prior among them), then a learned mask for each value and seed.
    [Theory]
    [InlineData("compare", 1 + 6, 1 * 3)]
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
        Assert.Equal((learned, name == "domains" ? 6 : 0),
            (arms.Count(arm => arm.Learn is not null), arms.Count(arm => arm.Merge is not null)));
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
            ("tau", options => options with { Tau = own.Tau },
            [new ScheduleRange(1, 0.05), new ScheduleRange(2, 0.05), new ScheduleRange(4, 0.05), new ScheduleRange(10, 0.05)]),
            ("kappa", options => options with { Kappa = own.Kappa },
            [new ScheduleRange(1, 5), new ScheduleRange(100, 500), new ScheduleRange(1e3, 5e3), new ScheduleRange(1e5, 5e5)]),
            ("alpha", options => options with { PriorStrength = own.PriorStrength }, [0.0, 1.0, 2.0, 3.0, 5.0]),
            ("reward", options => options with { WeightReward = own.WeightReward }, [0.0, 1e-6, 1e-5, 1e-4, 1e-3]),
        ];
        foreach ((string name, Func<LearnOptions, LearnOptions> undo, object[] values) in sweeps)
        {
            LearnOptions[] learned = [.. Plan(name, request => request with { Options = own, Seeds = [4] })
                .Select(arm => arm.Learn?.Options).OfType<LearnOptions>()];
            Assert.All(learned, options => Assert.Equal(own, undo(options)));
            Assert.Equal(values,
                learned.Select(options =>
                name switch
                {
                    "tau" => options.Tau,
                    "kappa" => options.Kappa,
                    "alpha" => options.PriorStrength,
                    _ =>
                (object)options.WeightReward
                }));
        }
    }

    [Fact]
    public void Of_CompareWithOptions_HasThePapersRecipeBesideThem()
    {
        LearnOptions own = new() { Steps = 7, BatchSize = 3, SequenceLength = 9, LearningRate = 1, Distillation = 0.5 };
        LearnOptions[] learned = [.. Plan("compare", request => request with { Options = own }).Select(arm => arm.Learn?.Options)
            .OfType<LearnOptions>()];
        LearnOptions paper = new() { Steps = 7, BatchSize = 3, SequenceLength = 9, Skip = own.Skip };
        Assert.Equal([paper, paper with { Seed = 1 }, paper with { Seed = 2 }, own, own with { Seed = 1 }, own with { Seed = 2 }], learned);
    }

    [Fact]
    public void Of_Tokens_RunsFromAQuarterToFourTimesTheSteps()
    {
        Arm[] curve = [.. Plan("tokens", request =>
            request with { Options = new LearnOptions { Steps = 100, BatchSize = 2, SequenceLength = 10 } })
            .Where(arm => arm.Series is not null)];
        Assert.Equal([25, 50, 100, 200, 400], curve.Select(arm => arm.Learn!.Options.Steps));
        Assert.Equal([500, 1000, 2000, 4000, 8000], curve.Select(arm => arm.X!.Value));
    }

    [Fact]
    public void Of_Domains_GivesEachMaskItsTextPriorAndMeasure()
    {
        IReadOnlyList<Arm> arms = Plan("domains", request => request with { Seeds = [5] });
        Arm One(string label) => arms.Single(arm => arm.Label == label && arm.Domain is null or "b");
        (Arm general, Arm scratch, Arm transfer) = (One("general mask"), One("domain mask, from scratch"),
            One("domain mask, from general"));
        Assert.Equal(["a.train.txt", "b.train.txt", "c.train.txt"], general.Learn!.Data.Sources.Select(source => source.Path));
        Assert.All([scratch, transfer, One("wanda")], arm => Assert.Equal(["b"], arm.Texts));
        Assert.Equal(["b.train.txt", "b.train.txt"],
            new[] { scratch, transfer }.SelectMany(arm => arm.Learn!.Data.Sources.Select(source => source.Path)));
        Assert.Equal((general.Mask, true, One("sparsegpt").Mask, false),
            (transfer.Learn!.Prior, transfer.Learn.Options.ExactPrior, scratch.Learn!.Prior, scratch.Learn.Options.ExactPrior));
        Assert.Equal(3, One("merged, domain mask, from general").Merge!.Inputs.Count);
    }

    [Theory]
    [InlineData("compare", 0, 1, 2)]
    [InlineData("tau", 0)]
    [InlineData("domains", 0, 1, 2)]
    public void Of_NoSeeds_TakesTheExperimentsOwn(string name, params int[] seeds) =>
        Assert.Equal(seeds.Select(seed => (ulong)seed), Plan(name).Select(arm => arm.Seed).OfType<ulong>().Distinct());

    /// <summary>Lengths below a step are left out, and so are those that are there twice.</summary>
    [Fact]
    public void Of_FewSteps_HasNoEmptyRuns()
    {
        Arm[] Curve(string name, int steps) => [.. Plan(name, request => request with { Options = new LearnOptions { Steps = steps } })
            .Where(arm => arm.X is not null)];
        Assert.Equal([1, 3, 6, 12], Curve("tokens", 3).Select(arm => arm.Learn!.Options.Steps));
        Assert.Equal([10, 20, 40, 80], Curve("transfer", 80).Where(arm => arm is { Domain: "b", Series: "from general" })
            .Select(arm => arm.Learn!.Options.Steps));
        Assert.Equal([1, 2, 5, 11], Curve("transfer", 11).Where(arm => arm is { Domain: "b", Series: "from scratch" })
            .Select(arm => arm.Learn!.Options.Steps));
        Assert.Equal(
            [7, 9], Plan("tokens", request => request with { Values = ["7", "9"] }).Where(arm => arm.X is not null)
                .Select(arm => arm.Learn!.Options.Steps));
    }

    [Fact]
    public void Of_OneDomain_MergesNothing()
    {
        IReadOnlyList<Arm> arms = ExperimentPlan.Of(Request("domains"), [Domains[0]], ["a"]);
        Assert.DoesNotContain(arms, arm => arm.Merge is not null);
        Assert.Contains(ExperimentPlan.Of(Request("domains"), Domains[..2], ["a", "b"]), arm => arm.Merge is not null);
    }

    /// <summary>What is handed to pruning, learning and merging beside what the experiment varies.</summary>
    [Fact]
    public void Of_Compare_HandsEveryOptionOn()
    {
        IReadOnlyList<Arm> arms = Plan("compare", request => request with
        {
            Options = new LearnOptions { SequenceLength = 9, Pattern = new(1, 4), Skip = ["*.q"] },
            Seeds = [5, 6],
            Samples = 3,
            Device = "cuda",
        });
        Arm Of(string slug) => arms.Single(arm => arm.Slug == slug);
        Arm magnitude = Of("magnitude"), wanda = Of("wanda"), updated = Of("sparsegpt-weights-updated"),
            learned = Of("learned-recipe-maskllm-seed6");
        string Folder(string slug) => Path.Combine("out", "arms", slug, "run");
        Assert.Null(magnitude.Prune!.Data);
        Assert.Equal("text.txt", wanda.Prune!.Data!.Sources[0].Path);
        Assert.Equal(
            ("model", "wanda", Folder("wanda"), "1:4", 3, 9, 5UL, "*.q", true, WeightUpdate.None),
            (wanda.Prune.Model, wanda.Prune.Method, wanda.Prune.Out, wanda.Prune.Pattern.ToString(), wanda.Prune.Samples,
                wanda.Prune.SequenceLength,
                wanda.Prune.Seed, wanda.Prune.Skip[0], wanda.Prune.Force, wanda.Prune.UpdateWeights));
        Assert.Equal((Path.Combine(Folder(updated.Slug), "model"), WeightUpdate.Own), (updated.Model, updated.Prune!.UpdateWeights));
        LearnRequest request = learned.Learn!;
        Assert.Equal(
            ("model", Folder(learned.Slug), "cuda", 6UL, Of("sparsegpt").Mask, 25, 32, true, false),
            (request.Model, request.Out, request.Device, request.Options.Seed, request.Prior, request.SaveEvery, request.EvalWindows,
                request.Resume,
                request.Force));
        Arm merged = Plan("domains").First(arm => arm.Merge is not null);
        Assert.Equal(("model", merged.Mask, true), (merged.Merge!.Model, merged.Merge.Out, merged.Merge.Force));
    }

    /// <summary>One mask by magnitude serves all domains; other methods look at the domain's own text.</summary>
    [Fact]
    public void Of_DomainsByMagnitude_HaveOneArm()
    {
        Arm[] magnitude = [.. Plan("domains", request => request with { Prior = "magnitude" })
            .Where(arm => arm.Prune?.Method == "magnitude")];
        Assert.Equal(["magnitude"], magnitude.Select(arm => arm.Slug));
        Assert.Equal(Texts, magnitude[0].Texts);
        Arm[] priors = [.. Plan("domains", request => request with { Prior = "ria" }).Where(arm => arm.Prune?.Method == "ria")];
        Assert.Equal(["prior-of-the-general-mask", "ria-a", "ria-b", "ria-c"], priors.Select(arm => arm.Slug));
        Assert.DoesNotContain(Plan("domains", request => request with { Prior = "none" }), arm =>
            arm.Learn is { Prior: not "none" } && arm.Label == "general mask");
    }

    /// <summary>A model whose weights were trained is measured with them, and starts on those that its prior solved for.</summary>
    [Theory]
    [InlineData(WeightTraining.None, false, false)]
    [InlineData(WeightTraining.WithMasks, true, false)]
    [InlineData(WeightTraining.Only, true, true)]
    public void Of_TrainedWeights_AreMeasuredAndStartWhereThePriorEnded(WeightTraining training, bool measured, bool starts)
    {
        Arm[] learned = [.. Plan("alpha", request => request with
        {
            Prior = "admm",
            Options = request.Options with { TrainWeights = training },
        }).Where(arm => arm.Learn is not null)];
        Assert.All(learned, arm => Assert.Equal(measured ? Path.Combine(arm.Learn!.Out, "model") : null, arm.Model));
        Assert.All(learned, arm => Assert.Equal(starts ? Path.Combine(Path.GetDirectoryName(arm.Learn!.Prior)!, "model") : null,
            arm.Learn!.StartWeights));
    }

    [Fact]
    public void Of_NamesThatWouldShareAFolder_AreRefused()
    {
        ExperimentRequest request = Request("domains");
        DomainTexts[] alike = [new("x y", "1", "2"), new("x-y", "3", "4")];
        Assert.Contains("would share the folder",
            Assert.Throws<ArgumentException>(() => ExperimentPlan.Of(request, alike, ["x y", "x-y"])).Message, StringComparison.Ordinal);
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
