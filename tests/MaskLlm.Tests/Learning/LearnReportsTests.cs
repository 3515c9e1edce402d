using System.Text.Json.Nodes;
using MaskLlm.Data;
using MaskLlm.Learning;
using MaskLlm.Patterns;
using MaskLlm.Runs;

namespace MaskLlm.Tests.Learning;

/// <summary>Every figure and word of a learning run's card, record and benchmark.</summary>
public sealed class LearnReportsTests
{
    private static readonly LearnRequest Request = new()
    {
        Model = "/models/some/",
        Data = new CorpusOptions { Sources = [] },
        Out = "/out",
        Options = LearnOptions.Of(Recipe.Distilled) with { SequenceLength = 16, Seed = 7 },
    };

    private static readonly JsonObject Figures = new()
    {
        ["tokens"] = 128L,
        ["seconds"] = 2.004,
        ["tokens_per_second"] = 63.876,
        ["perplexity"] = new JsonObject { ["dense"] = 10.0, ["prior"] = 12.5, ["learned"] = 11.255 },
    };

    [Fact]
    public void Card_MasksAlone_SaysWhatToDoWithThem() => Assert.Equal("""
        # 2:4 mask for some

        Learned with maskllm (recipe `distilled`, after MaskLLM, arXiv 2409.17481). `mask.npz` holds one bit a weight of every linear layer of the blocks; the weights themselves are unchanged.

        | held-out perplexity | |
        |---|---|
        | dense | 10.00 |
        | prior (sparsegpt) | 12.50 |
        | learned | 11.26 |

        Perplexity over windows of 16 tokens of text that learning never saw, 15 predicted tokens a window.

        Tokens seen: 128. Seconds: 2.00. Tokens a second: 63.88. Seed: 7.

        Masked checkpoint: `maskllm apply MODEL --mask mask.npz --out DIR`. Every option, version and input hash is in `run.json`.

        """, Card(Request, Figures));

    [Fact]
    public void Card_TrainedWeightsOnAText_NamesBothAndGivesNoAdviceForAMaskAlone()
    {
        LearnRequest request = Request with
        {
            Options = Request.Options with
            {
                TrainWeights = WeightTraining.WithMasks,
                Recipe = Recipe.MaskLlm,
                Pattern = new NmPattern(1, 4)
            },
            EvalText = "/texts/test.txt",
            Prior = LearnRequest.NoPrior,
        };
        JsonObject figures = Figures.DeepClone().AsObject();
        figures["perplexity"]!["prior"] = null;

        string card = Card(request, figures);

        Assert.StartsWith("# 1:4 mask for some\n\nLearned with maskllm (recipe `maskllm`,", card, StringComparison.Ordinal);
        Assert.Contains("; `model` holds the weights, which were trained too.\n", card, StringComparison.Ordinal);
        Assert.Contains("| prior (none) | not measured |\n", card, StringComparison.Ordinal);
        Assert.Contains("windows of 16 tokens of test.txt, 15 predicted", card, StringComparison.Ordinal);
        Assert.EndsWith("Seed: 7.\n\nEvery option, version and input hash is in `run.json`.\n", card, StringComparison.Ordinal);
        Assert.DoesNotContain("apply", card, StringComparison.Ordinal);
    }

    [Fact]
    public void Options_OfTheRecord_AreNamedAsOnTheCommandLine()
    {
        using Corpus corpus = Corpus(out TemporaryFolder folder);
        using TemporaryFolder owned = folder;
        LearnRequest request = Request with
        {
            Prior = "p.npz",
            Options = new LearnOptions
            {
                Recipe = Recipe.Distilled,
                Pattern = new NmPattern(1, 4),
                PriorStrength = 1.5,
                ScoreStrength = 2.5,
                ExactPrior = true,
                InitialStd = 0.25,
                Kappa = new ScheduleRange(1, 2),
                Tau = new ScheduleRange(3, 4),
                Noise = 0.5,
                Parametrization = Parametrization.Items,
                AverageDecay = 0.75,
                Schedule = ScheduleKind.Exponential,
                Distillation = 0.125,
                WeightReward = 5,
                NormalizedReward = true,
                Hard = true,
                Steps = 6,
                BatchSize = 8,
                MicroBatchSize = 4,
                SequenceLength = 9,
                Epsilon = 10,
                StateDistillation = 11,
                Blockwise = true,
                LearningRate = 12,
                WeightDecay = 15,
                ClipNorm = 16,
                TrainWeights = WeightTraining.WithMasks,
                Train = TrainedParameters.Norms,
                WeightLearningRate = 13,
                Skip = ["*.a"],
                Seed = 14,
                Kernel = MaskLlm.Learning.KernelKind.Plain,
                Moments = MaskLlm.MaskKernels.MomentType.BFloat16,
                Precision = TorchSharp.torch.ScalarType.BFloat16,
                CheckpointActivations = true,
                Stream = true,
            },
        };
        JsonObject options = LearnRecord.Options(request, corpus);
        Assert.EndsWith("a.txt:1", (string?)options["data"]![0], StringComparison.Ordinal);
        options.Remove("data");
        JsonNode wanted = JsonNode.Parse("""
            {"model":"/models/some/","document-separator":null,"text-column":"text","pattern":"1:4","recipe":"distilled","prior":"p.npz","permute":false,"start-weights":null,"dropped-decay":0.0002,"prior-samples":64,"min-expert-tokens":256,"prior-strength":1.5,"score-strength":2.5,"exact-prior":true,
            "initial-std":0.25,"kappa":"1:2","tau":"3:4","noise":0.5,"parametrization":"items","average-decay":0.75,"schedule":"exponential","distillation":0.125,"weight-reward":5,
            "normalized-reward":true,"hard":true,"steps":6,"batch-size":8,"micro-batch-size":4,"seq-len":9,"epsilon":10,"state-distillation":11,"blockwise":true,"learning-rate":12,"weight-decay":15,"clip-norm":16,
            "train-weights":"with-masks","train":"norms","weight-learning-rate":13,"skip":["*.a"],"seed":14,"kernel":"plain","moments":"bfloat16","precision":"bfloat16","checkpoint-activations":true,"stream":true}
            """)!;
        Assert.True(JsonNode.DeepEquals(wanted, options), options.ToJsonString());
        Assert.Equal(8, (int)LearnRecord.Options(request with { Options = request.Options with { MicroBatchSize = null } },
            corpus)["micro-batch-size"]!);
        // What is recorded is enough to ask for the same again, and no property is left out.
        LearnOptions read = LearnSettings.All.Aggregate(new LearnOptions(), (read, setting) => setting.With(read,
            options[setting.Name] is JsonArray many ? [.. many.Select(one => $"{one}")] : [$"{options[setting.Name]}"]));
        Assert.Equal(request.Options, read with { Skip = request.Options.Skip });
        Assert.Equal(request.Options.Skip, read.Skip);
        Assert.Equal(typeof(LearnOptions).GetProperties().Length, LearnSettings.All.Count);
    }

    [Fact]
    public void Figures_OfTheRecord_AreThoseOfTheSteps()
    {
        using Corpus corpus = Corpus(out TemporaryFolder folder);
        using TemporaryFolder owned = folder;
        LearnTotals totals = new(5);
        totals.Add(new StepFigures(4, 0.5, 1, 0.9, new StepTimes(1, 0.25, 0.125, 0.125, 2)));
        totals.Add(new StepFigures(3, 0.5, 1, 0.9, new StepTimes(1, 0.25, 0.125, 0.125, 2)));
        LearnRequest request = Request with { Options = Request.Options with { BatchSize = 2, Steps = 7 }, EvalText = "t.txt" };
        RunRecord record = LearnRecord.Create(
            request, corpus, new JsonObject { ["x"] = 1 }, [],
                new LearnedRun(new Dictionary<string, MaskLlm.Masks.Mask>(), 11, totals, 1000, "fused-avx2", 0.25),
                new PerplexityTriple(10, 12, 11), 1.5,
            new MemoryPlan([new MemoryPart("a", 100), new MemoryPart("b", 23.5)]));
        Assert.Equal((7UL, "fused-avx2"), (record.Seed, record.Kernel));
        JsonObject figures = record.Figures.DeepClone().AsObject();
        foreach (string own in (string[])["sources", "peak_memory_bytes"]) Assert.True(figures.Remove(own));
        // Of all 7 steps 2 were taken here: 2 x 2 x 16 tokens in 4 seconds.
        Assert.Equal(
            Json("""
            {"tokens":224,"seconds":4,"tokens_per_second":16,"sampling_share":0.25,"dense_model_seconds":2,"prior_seconds":1.5,"groups_starting_on_prior":0.25,"resumed_at_step":5,
            "eval_text":"t.txt","masked_weights":1000,"planned_memory_bytes":123,"first_loss":4,"final_loss":3,"perplexity":{"dense":10,"prior":12,"learned":11}}
            """),
            figures.ToJsonString());
    }

    [Fact]
    public void Totals_Steps_AddUpAndKeepTheFirstAndLastLoss()
    {
        LearnTotals totals = new(5);
        totals.Add(new StepFigures(4, 0.5, 1, 0.9, new StepTimes(1, 0.25, 0.125, 0.0625, 8)));
        totals.Add(new StepFigures(3, 0.5, 1, 0.9, new StepTimes(2, 0.5, 0.25, 0.125, 16)));
        totals.Add(new StepFigures(2, 0.5, 1, 0.9, new StepTimes(0, 0, 0, 0, 1)));
        Assert.Equal((5L, 3L, 25.0), (totals.FirstStep, totals.Steps, totals.Seconds));
        Assert.Equal((3.0, 1.3125), (totals.DenseSeconds, totals.SamplingSeconds));
        Assert.Equal((4.0, 2.0), (totals.FirstLoss, totals.FinalLoss));
    }

    [Fact]
    public void Benchmark_ToJson_HasEveryFigure()
    {
        LearnBenchmarkReport report = new("fused-avx2", 1000, 512, [new("sample", 8, 2), new("update", 3, 4)], 0.5, 2, 4.25, 9.125,
            7_000_000, 6_000_000);
        Assert.Equal((256.0, 4.0, 0.75), (report.TokensPerSecond, report.Rows[0].Ratio, report.Rows[1].Ratio));
        Assert.Equal(
            Json("""
            {"kernel":"fused-avx2","weights":1000,"tokens":512,"rows":[{"what":"sample","plain_ns":8,"fused_ns":2,"ratio":4},{"what":"update","plain_ns":3,"fused_ns":4,"ratio":0.75}],
            "dense_step_seconds":0.5,"learn_step_seconds":2,"step_ratio":4.25,"tokens_per_second":256,"state_bytes_per_weight":9.125,"peak_memory_bytes":7000000,"planned_memory_bytes":6000000}
            """),
            report.ToJson().ToJsonString());
    }

    [Theory]
    [InlineData(100.0, ScheduleKind.Linear, 0)]
    [InlineData(200.0, ScheduleKind.Linear, 1)]
    [InlineData(400.0, ScheduleKind.Linear, 3)]
    [InlineData(100.0, ScheduleKind.Exponential, 0)]
    [InlineData(223.606797749979, ScheduleKind.Exponential, 2)]
    public void At_Step_LiesOnTheWay(double expected, ScheduleKind kind, long step) =>
        Assert.Equal(expected, Schedules.At(new ScheduleRange(100, 500), kind, step, 4), 1e-9);

    [Fact]
    public void ScheduleRange_Text_ReadsBackAndBadOnesAreRefused()
    {
        Assert.Equal(new ScheduleRange(4, 0.05), ScheduleRange.Parse("4:0.05"));
        Assert.Equal("4:0.05", new ScheduleRange(4, 0.05).ToString());
        Assert.All((string[])["", "4", "4:5:6", "0:1", "1:0", "-1:2", "a:1", "1:a", "1e39:1", "1:1e39", "NaN:1", "1:Infinity", "0,5:1"],
            text => Assert.Throws<ArgumentException>(() => ScheduleRange.Parse(text)));
    }

    private static Corpus Corpus(out TemporaryFolder folder)
    {
        folder = new TemporaryFolder();
        string path = folder.Write("a.txt", [.. Enumerable.Repeat((byte)'a', 200)]);
        return MaskLlm.Data.Corpus.Open(
            new CorpusOptions { Sources = [new DataSource(path)], CacheFolder = folder.File("cache") },
                new TokenEncoding(text => [.. text.Select(letter => (int)letter)], "letters", 256, null));
    }

    private static string Card(LearnRequest request, JsonObject figures)
    {
        using TemporaryFolder folder = new();
        LearnCard.Write(folder.File("README.md"), request, new RunRecord("learn", [], 7, "plain", [], figures));
        return File.ReadAllText(folder.File("README.md"));
    }

    // Without the white space.
    private static string Json(string text) => JsonNode.Parse(text)!.ToJsonString();
}
