using System.Globalization;
using System.Text.Json.Nodes;
using MaskLlm.Data;
using MaskLlm.Formats.MaskNpz;
using MaskLlm.Formats.Safetensors;
using MaskLlm.Learning;
using MaskLlm.Machine;
using MaskLlm.Masks;
using MaskLlm.Models;
using MaskLlm.Patterns;
using MaskLlm.Priors;
using MaskLlm.Runs;
using MaskLlm.Tests.Data;
using MaskLlm.Tests.Machine;

namespace MaskLlm.Tests.Learning;

/// <summary>What a learning run says, writes and when: a small model, token ids, few steps.</summary>
[Collection(TorchTests.Name)]
public sealed class LearnRunTests : IDisposable
{
    private static readonly string Model = Fixture.PathOf("models/llama-gqa-tied");
    private readonly DataFolder _folder = new();
    private readonly List<string> _said = [];

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Execute_Run_TellsEveryStepAndLogsWhereItShould()
    {
        LearnRequest request = Request(4000) with { LogEvery = 3, EvalEvery = 2 };
        ToldProgress told = new();

        JsonObject figures = Execute(request, told).Figures;

        Assert.Equal(
            [
                ("evaluating the dense model", 0, 1), ("evaluating a mask", 0, 1), ("learning", 1, 4), ("evaluating a mask", 0, 1),
                    ("learning", 2, 4),
                ("learning", 3, 4), ("learning", 4, 4), ("evaluating a mask", 0, 1),
            ],
            told.Steps.Where(step => !step.Phase.StartsWith("pruning", StringComparison.Ordinal))
                .Select(step => (step.Phase, step.Done, step.Total)));
        // The first step, each third one and the last; held-out text after each second step that is not the last.
        JsonObject[] lines = Metrics(request);
        Assert.Equal([0, 1, 2, 3], lines.Select(line => (int)line["step"]!));
        Assert.Equal(["step", "held_out_perplexity", "held_out_dense", "held_out_prior"], lines[1].Select(pair => pair.Key));
        JsonObject perplexity = figures["perplexity"]!.AsObject();
        Assert.Equal(((double)perplexity["dense"]!, (double)perplexity["prior"]!),
            ((double)lines[1]["held_out_dense"]!, (double)lines[1]["held_out_prior"]!));
        JsonObject first = lines[0];
        Assert.Equal(
            string.Create(
                CultureInfo.InvariantCulture,
                $"step 1/4, loss {(double)first["loss"]!:0.000}, reward {(double)first["reward"]!:0.000}, max probability " +
                    $"{(double)first["mean_max_probability"]!:0.00}, changed {(double)first["changed_groups"]!:0.0%}, " +
                    $"{(double)first["tokens_per_second"]!:0} tokens/s"),
            told.All.First(step => step.Phase == "learning").Detail);
        Assert.InRange((double)first["sampling_share"]!, 0, 1);
        double learned = (double)perplexity["learned"]!, prior = (double)perplexity["prior"]!;
        List<string> expected =
        [
            string.Create(
                CultureInfo.InvariantCulture, $"{(double)figures["groups_starting_on_prior"]!:0.00%} of the groups start on the prior."),
            string.Create(
                CultureInfo.InvariantCulture,
                $"step 2: held-out perplexity {(double)lines[1]["held_out_perplexity"]!:0.00} (dense " +
                    $"{(double)perplexity["dense"]!:0.00}, prior {prior:0.00})"),
        ];
        if (learned > prior)
            expected.Add(string.Create(CultureInfo.InvariantCulture,
                $"the learned mask is worse than its prior on held-out text ({learned:0.00} against {prior:0.00}); more steps, or " +
                    $"another learning rate, may help."));
        Assert.Matches("^4 steps will take about \\d+\\.\\d minutes \\(from one forward pass\\)\\.$", _said[0]);
        Assert.Equal(expected, _said.Skip(1));
        // 1 % of 4000 ids: 2 windows of 16. 247 sequences of 16, each taken once.
        Assert.Equal((128L, 2, null), ((long)figures["tokens"]!, (int)figures["held_out_windows"]!, figures["calibration_tokens"]));
    }

    /// <summary>
    /// A mask learned on the very text is better than its prior; one that leaves it again for another text is worse, which is said.
    /// </summary>
    [Fact]
    public void Execute_MaskWorseThanItsPrior_IsSaid()
    {
        string text = Ids("eval.npy", 65);
        LearnRequest request = Request(4000) with { EvalText = text };
        LearnRequest same = request with
        {
            Out = Path.Combine(_folder.Root, "same"),
            Data = request.Data with { Sources = [new DataSource(text)] },
            Options = request.Options with { Steps = 30, LearningRate = 0.05 },
        };
        Assert.InRange(Rise(same), -10, -0.01);
        Assert.DoesNotContain(_said, IsWarning);
        LearnOptions away = request.Options with { Steps = 2, LearningRate = 0.5, PriorStrength = 0 };
        Assert.InRange(Rise(request with { Prior = Path.Combine(same.Out, "mask.npz"), Options = away }), 0.01, 10);
        Assert.Contains(_said, IsWarning);

        double Rise(LearnRequest run)
        {
            JsonObject perplexity = Execute(run).Figures["perplexity"]!.AsObject();
            return Math.Log((double)perplexity["learned"]! / (double)perplexity["prior"]!);
        }

        static bool IsWarning(string said) => said.StartsWith("the learned mask is worse than its prior", StringComparison.Ordinal);
    }

    /// <summary>As the progress of step k is told, the checkpoint is that of the last multiple of 2 before it.</summary>
    [Fact]
    public void Execute_SaveEvery_KeepsThatCheckpointAndEndsWithoutOne()
    {
        LearnRequest request = Request(4000) with { SaveEvery = 2 };
        request = request with { Options = request.Options with { Steps = 6 } };
        List<long> saved = [];
        string checkpoint = Path.Combine(request.Out, "checkpoint", "state.safetensors");
        Execute(request, new ToldProgress(step =>
        {
            if (step.Phase != "learning") return;
            using SafetensorsFile? file = File.Exists(checkpoint) ? SafetensorsFile.Open(checkpoint) : null;
            saved.Add(file is null ? 0 : CheckpointStep.Read(file));
        }));
        Assert.Equal([0, 0, 2, 2, 4, 4], saved);
        Assert.False(Directory.Exists(Path.GetDirectoryName(checkpoint)));
    }

    [Fact]
    public void Execute_StoppedAndResumed_SaysWhereItGoesOnAndEndsWithTheSameMask()
    {
        LearnRequest request = Request(4000) with { Prior = "wanda" };
        Execute(request with { Out = Path.Combine(_folder.Root, "whole") });
        using CancellationTokenSource stop = new();
        Assert.Throws<OperationCanceledException>(() => LearnRun.Execute(request, new ToldProgress(StopAtTwo), _said.Add, stop.Token));
        byte[] prior = File.ReadAllBytes(Path.Combine(request.Out, "prior.npz"));
        _said.Clear();

        JsonObject figures = Execute(request with { Resume = true }).Figures;

        Assert.Contains("going on after step 2.", _said);
        Assert.Equal(2, (long)figures["resumed_at_step"]!);
        Assert.Equal(File.ReadAllBytes(Path.Combine(_folder.Root, "whole", "mask.npz")),
            File.ReadAllBytes(Path.Combine(request.Out, "mask.npz")));
        Assert.Equal(prior, File.ReadAllBytes(Path.Combine(request.Out, "prior.npz")));
        _said.Clear();
        Execute(request with { Resume = true, Out = Path.Combine(_folder.Root, "new") });
        Assert.Contains("no checkpoint yet; starting at the first step.", _said);

        void StopAtTwo(Progress step)
        {
            if (step is { Phase: "learning", Done: 2 }) stop.Cancel();
        }
    }

    /// <summary>Training of weights alone starts on those that admm solved for, which a run that goes on has again; the same start can be
    /// named: a mask and a checkpoint.</summary>
    [Theory]
    [InlineData(WeightTraining.Only)]
    [InlineData(WeightTraining.Moving)]
    public void Execute_TunedStoppedAndResumed_StartsOnTheSolvedWeightsAndEndsTheSame(WeightTraining training)
    {
        LearnRequest usual = Request(4000);
        LearnRequest request = new()
        {
            Model = usual.Model,
            Data = usual.Data,
            Out = usual.Out,
            SaveModel = true,
            Options = usual.Options with { TrainWeights = training, WeightLearningRate = 1e-3, PriorSamples = 32, Steps = 6 },
        };
        Assert.Equal("admm", request.Prior);
        string whole = Path.Combine(_folder.Root, "whole");
        JsonObject figures = Execute(request with { Out = whole }).Figures, perplexity = figures["perplexity"]!.AsObject();
        using CancellationTokenSource stop = new();
        Assert.Throws<OperationCanceledException>(() => LearnRun.Execute(request, new ToldProgress(step =>
        {
            if (step is { Phase: "learning", Done: 5 }) stop.Cancel();
        }), _said.Add, stop.Token));

        JsonObject resumed = Execute(request with { Resume = true }).Figures;

        Assert.Equal(5, (long)resumed["resumed_at_step"]!);
        Assert.True(JsonNode.DeepEquals(perplexity, resumed["perplexity"]));
        Assert.True((double)perplexity["learned"]! != (double)perplexity["prior"]!);
        string weights = Path.Combine("model", "model.safetensors");
        Assert.Equal(File.ReadAllBytes(Path.Combine(whole, weights)), File.ReadAllBytes(Path.Combine(request.Out, weights)));
        Assert.False(Directory.Exists(Path.Combine(request.Out, "checkpoint")));
        // What it started on has less error than the dense weights under the same mask, and can be named.
        LearnRequest named = request with
        {
            Prior = Path.Combine(whole, "prior.npz"),
            Out = Path.Combine(_folder.Root, "named"),
            StartWeights = Path.Combine(whole, "model"),
        };
        Assert.Equal((double)perplexity["learned"]!, (double)Execute(named with { Prior = Path.Combine(whole, "mask.npz") })
            .Figures["perplexity"]!["prior"]!, 1e-4);
        double dense = (double)Execute(named with { Out = Path.Combine(_folder.Root, "dense"), StartWeights = null })
            .Figures["perplexity"]!["prior"]!;
        Assert.NotEqual(dense, (double)perplexity["prior"]!);
    }

    /// <summary>The mask is that of learning on the model in the new order, which lies beside it; a run that goes on does not search
    /// again.</summary>
    [Fact]
    public void Execute_PermuteStoppedAndResumed_IsLearningInTheNewOrder()
    {
        LearnRequest request = Request(4000) with { Permute = true, Prior = "wanda" };
        using CancellationTokenSource stop = new();
        Assert.Throws<OperationCanceledException>(() => LearnRun.Execute(request, new ToldProgress(step =>
        {
            if (step is { Phase: "learning", Done: 2 }) stop.Cancel();
        }), _said.Add, stop.Token));
        ToldProgress told = new();

        Execute(request with { Resume = true }, told);

        Assert.DoesNotContain(told.All, step => step.Phase == "order of channels");
        // Weights in another order are no start.
        string permuted = Path.Combine(request.Out, "permuted"), own = Path.Combine(_folder.Root, "own");
        PruneRun.Execute(new PruneRequest { Model = Model, Method = "magnitude", Out = own },
            cancellation: TestContext.Current.CancellationToken);
        Assert.StartsWith($"{permuted}: its embedding is not that of", Assert.Throws<InvalidDataException>(() => Execute(request with
        {
            Permute = false,
            Out = Path.Combine(_folder.Root, "other"),
            Prior = Path.Combine(own, "mask.npz"),
            StartWeights = permuted,
            Options = request.Options with { TrainWeights = WeightTraining.Only },
        })).Message, StringComparison.Ordinal);
        string alone = Path.Combine(_folder.Root, "alone");
        Execute(request with { Permute = false, Model = Path.Combine(request.Out, "permuted"), Out = alone });
        Assert.Equal(File.ReadAllBytes(Path.Combine(alone, "mask.npz")), File.ReadAllBytes(Path.Combine(request.Out, "mask.npz")));
        Assert.Contains("maskllm apply permuted --mask", File.ReadAllText(Path.Combine(request.Out, "README.md")),
            StringComparison.Ordinal);
        Assert.Contains("is of the order that the channels have", Assert.Throws<ArgumentException>((request with
        {
            Prior = Path.Combine(alone, "mask.npz"),
        }).Validate).Message, StringComparison.Ordinal);
    }

    /// <summary>What moves logits has no effect where weights are trained alone, which is said.</summary>
    [Fact]
    public void Execute_SettingsOfMasksWithoutMasks_AreNamed()
    {
        LearnRequest request = Request(4000) with { Prior = "magnitude" };
        LearnOptions usual = LearnOptions.Of(request.Options.Recipe);
        LearnOptions options = request.Options with
        {
            TrainWeights = WeightTraining.Only,
            LearningRate = usual.LearningRate,
            PriorStrength = usual.PriorStrength,
        };
        Execute(request with { Options = options });
        Assert.DoesNotContain(_said, said => said.Contains("of no effect", StringComparison.Ordinal));
        Execute(request with { Out = Path.Combine(_folder.Root, "b"), Options = options with { LearningRate = 3, Hard = true } });
        Assert.Contains("`TrainWeights` only learns no mask, and of no effect are `LearningRate`, `Hard`.", _said);
    }

    [Fact]
    public void Execute_TokensOfExpertsWithoutExperts_IsSaid()
    {
        LearnRequest request = Request(4000);
        Execute(request with { Options = request.Options with { MinExpertTokens = 3 } });
        Assert.Contains("the model has no experts, and of no effect is `MinExpertTokens`.", _said);
    }

    /// <summary>Without a mask nothing is pruned, and no mask is written.</summary>
    [Fact]
    public void Execute_DenseWeights_WritesAModelAndNoMask()
    {
        LearnRequest usual = Request(4000);
        LearnRequest request = new()
        {
            Model = usual.Model,
            Data = usual.Data,
            Out = usual.Out,
            Options = usual.Options with { TrainWeights = WeightTraining.Dense },
        };
        JsonObject perplexity = Execute(request).Figures["perplexity"]!.AsObject();
        Assert.Null(perplexity["prior"]);
        Assert.NotEqual((double)perplexity["dense"]!, (double)perplexity["learned"]!);
        Assert.True(File.Exists(Path.Combine(request.Out, "model", "model.safetensors")));
        Assert.False(File.Exists(Path.Combine(request.Out, "mask.npz")));
        Assert.StartsWith("# Dense weights trained, of llama-gqa-tied", File.ReadAllText(Path.Combine(request.Out, "README.md")),
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(WeightTraining.None, "none", true, "`StartWeights` ")]
    [InlineData(WeightTraining.Dense, "none", true, "`StartWeights` ")]
    [InlineData(WeightTraining.Only, "admm", true, "its mask is needed too")]
    [InlineData(WeightTraining.Dense, "wanda", false, "`Prior` wanda: `TrainWeights` dense has no mask to start from")]
    public void Validate_StartThatMakesNoSense_IsRefused(WeightTraining training, string prior, bool starts, string expected)
    {
        LearnRequest usual = Request(100);
        LearnRequest request = usual with
        {
            Prior = prior,
            StartWeights = starts ? Model : null,
            Options = usual.Options with { TrainWeights = training },
        };
        Assert.Contains(expected, Assert.Throws<ArgumentException>(request.Validate).Message, StringComparison.Ordinal);
    }

    /// <summary>A checkpoint of another shape is refused by the tensor's name.</summary>
    [Fact]
    public void Execute_StartWeightsOfAnotherModel_AreRefused()
    {
        LearnRequest request = Request(4000);
        Execute(request);
        string other = Fixture.PathOf("models/gpt2");
        string message = Assert.Throws<InvalidDataException>(() => Execute(request with
        {
            Prior = Path.Combine(request.Out, "mask.npz"),
            Out = Path.Combine(_folder.Root, "other"),
            StartWeights = other,
            Options = request.Options with { TrainWeights = WeightTraining.Only },
        })).Message;
        Assert.StartsWith($"{other}: model.layers.0.", message, StringComparison.Ordinal);
    }

    /// <summary>Cancelled in its last step, a run ends as a whole one.</summary>
    [Fact]
    public void Execute_StoppedAtTheLastStep_IsComplete()
    {
        LearnRequest request = Request(4000);
        using CancellationTokenSource stop = new();
        RunRecord record = LearnRun.Execute(request, new ToldProgress(step =>
            { if (step is { Phase: "learning", Done: 4 }) stop.Cancel(); }), null, stop.Token);
        Assert.NotNull(record.Figures["perplexity"]!["learned"]);
        Assert.True(File.Exists(Path.Combine(request.Out, "run.json")));
    }

    /// <summary>4 sequences of 16 are there: as many as two steps take, fewer than three do.</summary>
    [Theory]
    [InlineData(2, null)]
    [InlineData(3, "the run reads its data 1.5 times; more text, or fewer steps, avoids the repetition.")]
    public void Execute_DataReadAgain_IsSaid(int steps, string? expected)
    {
        LearnRequest request = Request(65);
        JsonObject figures = Execute(request with { Options = request.Options with { Steps = steps }, EvalEvery = 1 }).Figures;
        Assert.Equal(expected, _said.SingleOrDefault(said => said.Contains("repetition", StringComparison.Ordinal)));
        // Of 65 ids nothing is held out.
        Assert.Contains("the data are too short to hold a window out; the run reports no perplexities.", _said);
        Assert.Equal("""{"dense":null,"prior":null,"learned":null}""", figures["perplexity"]!.ToJsonString());
        Assert.Equal(0, (int)figures["held_out_windows"]!);
    }

    [Theory]
    [InlineData(15, 128, 0)]
    [InlineData(16, 128, 1)]
    [InlineData(60, 128, 3)]
    [InlineData(60, 2, 2)]
    public void Execute_EvalText_IsCutIntoWindows(int tokens, int most, int windows)
    {
        string text = Ids("eval.npy", tokens);
        JsonObject figures = Execute(Request(4000) with { EvalText = text, EvalWindows = most }).Figures;
        Assert.Equal(windows, (int)figures["held_out_windows"]!);
        Assert.Equal(windows == 0, _said.Contains($"{text} is shorter than a window; the run reports no perplexities."));
    }

    [Theory]
    [InlineData("wanda", 0, true)]
    [InlineData("magnitude", 0, false)]
    [InlineData("magnitude", 2, true)]
    [InlineData("none", 0, false)]
    [InlineData("none", 2, true)]
    public void Execute_Calibration_IsCountedWhereItIsLookedAt(string prior, double scores, bool looks)
    {
        LearnRequest request = Request(4000) with { Prior = prior };
        JsonObject figures = Execute(request with { Options = request.Options with { ScoreStrength = scores, Steps = 1 } }).Figures;
        Assert.Equal(looks ? 64L * 16 : null, (long?)figures["calibration_tokens"]);
        Assert.Equal(prior == "none" ? 0 : 1, _said.Count(said =>
            said.EndsWith("of the groups start on the prior.", StringComparison.Ordinal)));
        Assert.Equal(prior == "none", figures["perplexity"]!["prior"] is null);
    }

    [Fact]
    public void Execute_PriorOfOtherLayers_SaysWhichAreLeftOut()
    {
        using Decoder model = Checkpoint.Load(Model);
        Dictionary<string, Mask> masks = model.Linears.Skip(1).ToDictionary(layer => layer.Name, layer =>
            Magnitude.Prune(layer.Weight, NmPattern.TwoOfFour));
        string file = Path.Combine(_folder.Root, "prior.npz");
        MaskNpz.Write(file, masks);
        LearnRequest request = Request(4000) with { Prior = file };
        JsonObject figures = Execute(request with { Options = request.Options with { Skip = ["*.up_proj.weight"] } }).Figures;
        Assert.Contains($"`Prior` {file} masks 2 layers that are not learned; they stay dense.", _said);
        Assert.Contains(
            $"`Prior` {file} has no mask of 1 of the 12 learned layers, which start from nothing; its perplexity is another density's " +
                $"and not set beside theirs.",
            _said);
        Assert.Null(figures["perplexity"]!["prior"]);
        _said.Clear();
        // All that are learned and no more: there is nothing to say.
        figures = Execute(request with
        {
            Options = request.Options with { Skip = [model.Linears[0].Name] },
            Out = Path.Combine(_folder.Root, "b")
        }).Figures;
        Assert.DoesNotContain(_said, said => said.StartsWith("`Prior`", StringComparison.Ordinal));
        Assert.NotNull(figures["perplexity"]!["prior"]);
        Assert.Null(figures["calibration_tokens"]);
    }

    [Fact]
    public void Execute_ExplainMemory_SaysEveryPartInMegabytes()
    {
        JsonObject figures = Execute(Request(4000) with { ExplainMemory = true }).Figures;
        string[] parts = [.. _said.Where(said => said.Contains(" MB  ", StringComparison.Ordinal))];
        Assert.Contains("       0.1 MB  logits", parts);
        Assert.Contains("       0.2 MB  moments, float32", parts);
        string planned = string.Create(CultureInfo.InvariantCulture, $"{(long)figures["planned_memory_bytes"]! / 1e6,10:0.0} MB  in all, ");
        Assert.Matches($"^{planned.Replace(".", "\\.", StringComparison.Ordinal)}[1-9]\\d+ MB available$", parts[^1]);
    }

    [Fact]
    public void Execute_AsLongAsThePositions_IsTakenAndNoLonger()
    {
        LearnRequest request = Request(400);
        LearnOptions options = request.Options with { SequenceLength = 64, Steps = 1, BatchSize = 1 };
        Execute(request with { Options = options });
        string message = Assert.Throws<ArgumentException>(() =>
            Execute(request with { Options = options with { SequenceLength = 65 } })).Message;
        Assert.Equal("`SequenceLength` is 65; the model has 64 positions. Lower `SequenceLength` to that or less.", message);
    }

    /// <summary>Three passes of a forward one, a fourth of checkpointed blocks, one more of the dense model; 7 or 27 ns a weight.</summary>
    [Fact]
    public void Seconds_Options_AreThoseOfThePassesAndTheMasks()
    {
        LearnOptions options = new() { Steps = 10, BatchSize = 8, SequenceLength = 16 };
        Assert.Equal(10 * (3 * 2 + 7), LearnRun.Seconds(options, KernelKind.Fused, 2, 1_000_000_000), 1e-9);
        Assert.Equal(10 * (3 * 2 + 27), LearnRun.Seconds(options, KernelKind.Plain, 2, 1_000_000_000), 1e-9);
        Assert.Equal(10 * 4 * 2, LearnRun.Seconds(options with { CheckpointActivations = true }, KernelKind.Fused, 2, 0), 1e-9);
        Assert.Equal(10 * 4 * 2, LearnRun.Seconds(options with { StateDistillation = 1 }, KernelKind.Fused, 2, 0), 1e-9);
        Assert.Equal(10 * 5 * 2 * 4, LearnRun.Seconds(options with { MicroBatchSize = 2, CheckpointActivations = true, Blockwise = true },
            KernelKind.Fused, 2, 0), 1e-9);
    }

    private RunRecord Execute(LearnRequest request, ToldProgress? told = null) =>
        LearnRun.Execute(request, told, _said.Add, TestContext.Current.CancellationToken);

    private static JsonObject[] Metrics(LearnRequest request) =>
        [.. File.ReadLines(Path.Combine(request.Out, "metrics.jsonl")).Select(line => JsonNode.Parse(line)!.AsObject())];

    private LearnRequest Request(int tokens) => new()
    {
        Model = Model,
        Data = new CorpusOptions { Sources = [new DataSource(Ids("data.npy", tokens))], CacheFolder = _folder.Cache },
        Out = Path.Combine(_folder.Root, "out"),
        Options = new LearnOptions { Steps = 4, BatchSize = 2, SequenceLength = 16, Seed = 7, LearningRate = 0.01 },
        Prior = "magnitude",
    };

    private string Ids(string name, int count)
    {
        Random random = new(count);
        return _folder.WriteNpy(name, "|u1", $"{count},", [.. Enumerable.Range(0, count).Select(_ => (byte)random.Next(128))]);
    }
}
