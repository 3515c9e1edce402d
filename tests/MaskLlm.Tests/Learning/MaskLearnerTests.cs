using System.Numerics;
using System.Text.Json.Nodes;
using MaskLlm.Learning;
using MaskLlm.MaskKernels;
using MaskLlm.Masks;
using MaskLlm.Models;
using MaskLlm.Patterns;
using MaskLlm.Priors;
using MaskLlm.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace MaskLlm.Tests.Learning;

[Collection(TorchTests.Name)]
public class MaskLearnerTests
{
    private static readonly LearnOptions Options = new() { Steps = 12, BatchSize = 4, SequenceLength = 16, LearningRate = 0.02, Seed = 7 };

    [Theory]
    [InlineData(KernelKind.Fused, false, 0)]
    [InlineData(KernelKind.Fused, true, 0)]
    [InlineData(KernelKind.Fused, false, 0.7)]
    [InlineData(KernelKind.Fused, true, 0.7)]
    [InlineData(KernelKind.Plain, false, 0)]
    [InlineData(KernelKind.Plain, false, 0, Parametrization.Items)]
    [InlineData(KernelKind.Fused, false, 0, Parametrization.Candidates, true)]
    [InlineData(KernelKind.Fused, true, 0, Parametrization.Candidates, true)]
    [InlineData(KernelKind.Fused, false, 1, Parametrization.Candidates, false, 1)]
    [InlineData(KernelKind.Fused, true, 1, Parametrization.Candidates, false, 1)]
    [InlineData(KernelKind.Fused, false, 1, Parametrization.Candidates, false, 0, WeightTraining.WithMasks)]
    [InlineData(KernelKind.Fused, true, 1, Parametrization.Candidates, false, 0, WeightTraining.Dense, TrainedParameters.Norms)]
    public void Step_ManyTimes_LeavesNoTensorBehind(
        KernelKind kernel, bool checkpointed, double distillation, Parametrization parametrization = Parametrization.Candidates,
            bool blockwise = false, double states = 0, WeightTraining training = WeightTraining.None,
            TrainedParameters train = TrainedParameters.Weights)
    {
        using Decoder model = Load();
        LearnOptions options = Options with
        {
            Kernel = kernel,
            CheckpointActivations = checkpointed,
            Distillation = distillation,
            Parametrization = parametrization,
            Blockwise = blockwise,
            StateDistillation = states,
            TrainWeights = training,
            Train = train,
            AverageDecay = 0.9,
        };
        using MaskLearner learner = new(model, options, null);
        (Tensor inputs, Tensor targets) = Batch(0);
        for (long step = 0; step < 3; step++) learner.Step(step, inputs, targets);
        // Tensors that earlier tests dropped must not be counted, whenever they are finalized.
        GC.Collect();
        GC.WaitForPendingFinalizers();
        long live = Tensor.TotalCount;

        for (long step = 3; step < 203; step++) learner.Step(step % Options.Steps, inputs, targets);

        Assert.Equal(live, Tensor.TotalCount);
    }

    [Fact]
    public void Step_SameSeed_IsBitEqual() => Assert.Equal(Logits(Run(Options)), Logits(Run(Options)));

    [Fact]
    public void Step_OtherSeed_Differs() => Assert.NotEqual(Logits(Run(Options)), Logits(Run(Options with { Seed = 8 })));

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Step_LongerRun_LowersTheLossAndKeepsTheWeights(bool hard)
    {
        using Decoder model = Load();
        byte[] before = model.Linears[0].Weight.bytes.ToArray();
        Dictionary<string, Mask> magnitude = model.Linears.ToDictionary(layer => layer.Name, layer =>
            Magnitude.Prune(layer.Weight, NmPattern.TwoOfFour));
        List<double> losses = [];
        using (MaskLearner learner = new(model, Options with { Steps = 60, Hard = hard }, magnitude))
            for (long step = 0; step < 60; step++)
            {
                (Tensor inputs, Tensor targets) = Batch(0);
                losses.Add(learner.Step(step, inputs, targets).Loss);
            }

        Assert.True(losses.TakeLast(10).Average() < losses.Take(10).Average() - 0.05, string.Join(' ', losses));
        Assert.Equal(before, model.Linears[0].Weight.bytes.ToArray());
    }

    [Fact]
    public void Step_MicroBatches_GiveTheGradientOfTheWholeBatch()
    {
        float[] whole = Logits(Run(Options, steps: 1)), parts = Logits(Run(Options with { MicroBatchSize = 1 }, steps: 1));

        Assert.True(whole.Zip(parts, (a, b) => Math.Abs(a - b)).Max() < 1e-4 * whole.Max());
    }

    [Theory]
    [InlineData("2:4")]
    [InlineData("1:4")]
    [InlineData("4:8")]
    [InlineData("1:2")]
    public void ArgmaxMasks_AnyPattern_KeepExactlyNOfM(string text)
    {
        NmPattern pattern = NmPattern.Parse(text);
        using Decoder model = Load();
        using MaskLearner learner = new(model, Options with { Pattern = pattern }, null);
        (Tensor inputs, Tensor targets) = Batch(0);
        learner.Step(0, inputs, targets);

        Assert.Equal(model.Linears.Count, learner.ArgmaxMasks().Count);
        Assert.All(learner.ArgmaxMasks().Values, mask => Assert.Equal(0, mask.ViolationCount(pattern)));
    }

    [Theory]
    [InlineData("2:4")]
    [InlineData("1:4")]
    [InlineData("3:4")]
    [InlineData("4:8")]
    [InlineData("1:2")]
    public void Constructor_ExactPrior_StartsEveryGroupOnIt(string text)
    {
        NmPattern pattern = NmPattern.Parse(text);
        using Decoder model = Load();
        Dictionary<string, Mask> prior = model.Linears.ToDictionary(layer => layer.Name, layer => Magnitude.Prune(layer.Weight, pattern));
        using MaskLearner exact = new(model, Options with { Pattern = pattern, ExactPrior = true }, prior);
        using MaskLearner drawn = new(model, Options with { Pattern = pattern }, prior);

        Assert.Equal(1, exact.PriorGroupShare);
        Assert.All(exact.ArgmaxMasks(), learned => Assert.True(learned.Value.Packed.SequenceEqual(prior[learned.Key].Packed), learned.Key));
        Assert.InRange(drawn.PriorGroupShare, 0.5, 0.9999);
    }

    /// <summary>Scores alone start on Wanda's mask, with logits as far apart as the scores; under a strong prior they move no
    /// group.</summary>
    [Theory]
    [InlineData("2:4", Parametrization.Candidates)]
    [InlineData("1:4", Parametrization.Candidates)]
    [InlineData("2:4", Parametrization.Items)]
    public void Constructor_ScoreStrength_ShiftsByTheScoresOfTheRow(string text, Parametrization parametrization)
    {
        using DisposeScope scope = NewDisposeScope();
        NmPattern pattern = NmPattern.Parse(text);
        using Decoder model = Load();
        using InputSquares squares = InputSquares.Of(model, [[1, 2, 3, 4], [5, 6, 7, 8]],
            cancellation: TestContext.Current.CancellationToken);
        Dictionary<string, Mask> magnitude = model.Linears.ToDictionary(layer => layer.Name, layer =>
            Magnitude.Prune(layer.Weight, pattern));
        LearnOptions options = Options with
        {
            Pattern = pattern,
            Parametrization = parametrization,
            ExactPrior = true,
            PriorStrength = 0,
            ScoreStrength = 2
        };
        using MaskLearner scores = new(model, options, magnitude, squares.ByName),
            both = new(model, options with { PriorStrength = 1000 }, magnitude, squares.ByName);

        foreach ((LinearLayer layer, MaskLogits logits) in model.Linears.Zip(scores.Logits))
        {
            Tensor wanda = layer.Weight.abs() * squares.ByName[layer.Name].sqrt(),
                rows = wanda / wanda.square().mean([1], keepdim: true).sqrt();
            Assert.True(logits.ArgmaxMask().Packed.SequenceEqual(LargestOfGroup.Keep(layer.Name, wanda, pattern).Packed), layer.Name);
            Tensor groups = rows.view(-1, pattern.GroupSize), kept = groups.topk(pattern.Kept, 1).values,
                dropped = groups.topk(pattern.Kept, 1, largest: false).values;
            Tensor spread = parametrization == Parametrization.Items ? groups.amax([1]) - groups.amin([1])
                : kept.sum([1]) - dropped.sum([1]);
            Tensor found = logits.Logits.amax([0]) - logits.Logits.amin([0]);
            Assert.True((found - spread * (2 * options.InitialStd)).abs().max().item<float>() < 1e-6, layer.Name);
        }
        Assert.Equal(1, both.PriorGroupShare);
    }

    [Fact]
    public void Constructor_ScoreStrengthWithoutInputs_IsRefused()
    {
        using Decoder model = Load();
        string message = Assert.Throws<ArgumentException>(() => new MaskLearner(model, Options with { ScoreStrength = 1 }, null)).Message;
        Assert.Contains("`ScoreStrength`", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("2:4")]
    [InlineData("4:8")]
    [InlineData("8:16")]
    [InlineData("16:32")]
    public void Step_Items_StartsOnThePriorAndKeepsNOfM(string text)
    {
        NmPattern pattern = NmPattern.Parse(text);
        using Decoder model = Load();
        Dictionary<string, Mask> prior = model.Linears.Where(layer => layer.Columns % pattern.GroupSize == 0)
            .ToDictionary(layer => layer.Name, layer => Magnitude.Prune(layer.Weight, pattern));
        string[] others = [.. model.Linears.Select(layer => layer.Name).Except(prior.Keys)];
        LearnOptions options = Options with
        {
            Pattern = pattern,
            Parametrization = Parametrization.Items,
            ExactPrior = true,
            Skip = others
        };
        using MaskLearner learner = new(model, options, prior);
        Assert.Equal(1, learner.PriorGroupShare);
        learner.ChangedGroupShare();
        Steps(learner, 0, options.Steps);

        Assert.All(learner.ArgmaxMasks().Values, mask => Assert.Equal(0, mask.ViolationCount(pattern)));
        // In a group of 32 some weight always changes.
        Assert.InRange(learner.ChangedGroupShare(), 0.001, pattern.GroupSize == 32 ? 1 : 0.999);
        // Of the weights about a third do at this rate, where chance would move half.
        double moved = learner.ArgmaxMasks().Average(
            pair => pair.Value.Packed.ToArray().Zip(prior[pair.Key].Packed.ToArray())
                .Average(bytes => BitOperations.PopCount((uint)(bytes.First ^ bytes.Second)) / 8.0));
        Assert.InRange(moved, 0.0001, 0.45);
    }

    [Fact]
    public void Constructor_WideGroupsOfCandidates_PointsToItems()
    {
        using Decoder model = Load();

        string message = Assert.Throws<ArgumentException>(() =>
            new MaskLearner(model, Options with { Pattern = new NmPattern(8, 16) }, null)).Message;

        Assert.Contains("`Parametrization` items", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(KernelKind.Fused, Parametrization.Candidates)]
    [InlineData(KernelKind.Plain, Parametrization.Candidates)]
    [InlineData(KernelKind.Plain, Parametrization.Items)]
    public void Step_WithoutNoise_DoesNotDependOnTheSeed(KernelKind kernel, Parametrization parametrization)
    {
        LearnOptions options = Options with { Kernel = kernel, Parametrization = parametrization, ExactPrior = true };
        float[] Learned(ulong seed, double noise)
        {
            using Decoder model = Load();
            Dictionary<string, Mask> prior = model.Linears.ToDictionary(layer => layer.Name, layer =>
                Magnitude.Prune(layer.Weight, NmPattern.TwoOfFour));
            using MaskLearner learner = new(model, options with { Noise = noise, Seed = seed }, prior);
            Steps(learner, 0, 3);
            return LogitsOf(learner);
        }

        Assert.Equal(Learned(1, 0), Learned(2, 0));
        Assert.NotEqual(Learned(1, 1), Learned(2, 1));
    }

    [Fact]
    public void Step_AverageDecay_TakesTheMaskFromTheAverage()
    {
        using MaskLearner plain = Run(Options, steps: 3), averaged = Run(Options with { AverageDecay = 0.999 }, steps: 3);
        Assert.Equal(LogitsOf(plain), LogitsOf(averaged));

        // The average so far weighs 1/10, 2/11 and 3/12 in the first three steps.
        using DisposeScope scope = NewDisposeScope();
        Tensor[] logits = [.. Enumerable.Range(1, 3)
            .Select(steps => { using MaskLearner learner = Run(Options, steps); return learner.Logits.First().Logits.clone(); })];
        Tensor first = Run(Options, steps: 0).Logits.First().Logits;
        Tensor expected = first.lerp(logits[0], 0.9).lerp(logits[1], 9 / 11.0).lerp(logits[2], 0.75);
        Assert.True((averaged.Logits.First().Average! - expected).abs().max().item<float>() < 1e-5);
    }

    [Fact]
    public void Step_NormalizedReward_IsTheShareOfEachLayersNorm()
    {
        using DisposeScope scope = NewDisposeScope();
        using Decoder model = Load();
        double Reward(bool normalized)
        {
            using MaskLearner learner = new(model, Options with { NormalizedReward = normalized, WeightReward = 1 }, null);
            (Tensor inputs, Tensor targets) = Batch(0);
            return learner.Step(0, inputs, targets).Reward;
        }
        Dictionary<string, double> norms = model.Linears.ToDictionary(layer => layer.Name, layer =>
            layer.Weight.square().sum().to(ScalarType.Float64).item<double>());

        // The masks of both runs are the same, and keep between a quarter and all of a layer's norm at temperature 4.
        Assert.InRange(Reward(true), model.Linears.Count / 8.0, model.Linears.Count);
        Assert.InRange(Reward(false) / Reward(true), norms.Values.Min(), norms.Values.Max());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Step_Blockwise_BringsEveryBlockCloserToTheDenseOne(bool checkpointed)
    {
        using Decoder model = Load();
        Dictionary<string, Mask> magnitude = model.Linears.ToDictionary(layer => layer.Name, layer =>
            Magnitude.Prune(layer.Weight, NmPattern.TwoOfFour));
        List<double> losses = [];
        using (MaskLearner learner = new(model,
            Options with { Steps = 60, Blockwise = true, CheckpointActivations = checkpointed, Noise = 0 }, magnitude))
            for (long step = 0; step < 60; step++)
            {
                (Tensor inputs, Tensor targets) = Batch(0);
                losses.Add(learner.Step(step, inputs, targets).Loss);
            }

        Assert.True(losses.TakeLast(10).Average() < 0.8 * losses.Take(10).Average(), string.Join(' ', losses));
    }

    [Fact]
    public void Step_Distillation_MixesTheTwoLosses()
    {
        double Loss(double beta) => FirstStep(Options with { Distillation = beta }).Figures.Loss;
        double crossEntropy = Loss(0), divergence = Loss(1);

        Assert.InRange(divergence, 1e-4, crossEntropy);
        Assert.Equal(0.3 * crossEntropy + 0.7 * divergence, Loss(0.7), 1e-5);
    }

    /// <summary>With blocks run again or not the gradients are the same, and a weight moves them.</summary>
    [Fact]
    public void Step_StateDistillation_IsTheSameWithBlocksRunAgain()
    {
        float[] Moved(double weight, bool checkpointed) =>
            FirstStep(Options with { Distillation = 1, StateDistillation = weight, CheckpointActivations = checkpointed }).Logits;
        float[] kept = Moved(3, false), recomputed = Moved(3, true), without = Moved(0, false);

        Assert.True(kept.Zip(recomputed, (a, b) => Math.Abs(a - b)).Order().ElementAt((int)(0.99 * kept.Length)) < 1e-5);
        Assert.True(kept.Zip(without, (a, b) => Math.Abs(a - b)).Max() > 0.01);
    }

    /// <summary>Under a frozen mask the pruned weights stay as they are, the kept ones learn, and there is no state of masks.</summary>
    [Fact]
    public void Step_TrainWeightsOnly_LowersTheLossUnderTheSameMask()
    {
        using Decoder model = Load();
        Dictionary<string, Mask> prior = model.Linears.ToDictionary(layer => layer.Name, layer =>
            Magnitude.Prune(layer.Weight, NmPattern.TwoOfFour));
        byte[] before = model.Linears[0].Weight.bytes.ToArray();
        List<double> losses = [];
        using (MaskLearner learner = new(model, Options with { Steps = 60, TrainWeights = WeightTraining.Only, WeightLearningRate = 1e-3 },
            prior))
        {
            for (long step = 0; step < 60; step++)
            {
                (Tensor inputs, Tensor targets) = Batch(0);
                losses.Add(learner.Step(step, inputs, targets).Loss);
            }
            using DisposeScope scope = NewDisposeScope();
            Assert.Equal(12, learner.StateBytesPerWeight);
            Assert.All(learner.ArgmaxMasks(), pair => Assert.Same(prior[pair.Key], pair.Value));
            Tensor moved = learner.Weights![model.Linears[0].Name].ne(model.Linears[0].Weight),
                kept = MaskTensors.ToTensor(prior[model.Linears[0].Name], CPU).to(ScalarType.Bool);
            Assert.Equal(0, moved.logical_and(kept.logical_not()).sum().item<long>());
            Assert.True(moved.sum().item<long>() > 0.9 * kept.sum().item<long>());
        }
        Assert.True(losses[^1] < losses[0] - 0.2, string.Join(' ', losses));
        Assert.Equal(before, model.Linears[0].Weight.bytes.ToArray());
    }

    /// <summary>Norms and biases learn with the weights; between the runs of its masked form the model has its own.</summary>
    [Theory]
    [InlineData("gpt2", false)]
    [InlineData("gpt2", true)]
    [InlineData("llama-bias", false)]
    public void Step_TrainNorms_MovesThemInTheMaskedModelOnly(string fixture, bool recomputing)
    {
        using Decoder model = Checkpoint.Load(Fixture.PathOf("models/" + fixture));
        Dictionary<string, byte[]> before = model.Parameters.ToDictionary(pair => pair.Key, pair => pair.Value.bytes.ToArray());
        string[] vectors = [.. model.Parameters.Where(pair => pair.Value.dim() == 1).Select(pair => pair.Key)];
        Dictionary<string, Mask> prior = model.Linears.ToDictionary(layer => layer.Name, layer =>
            Magnitude.Prune(layer.Weight, NmPattern.TwoOfFour));
        LearnOptions options = Options with
        {
            Steps = 100,
            TrainWeights = WeightTraining.Only,
            WeightLearningRate = 1e-3,
            Distillation = 0.5,
            CheckpointActivations = recomputing,
        };
        double[] Losses(TrainedParameters train, Action<MaskLearner> then)
        {
            (Tensor inputs, Tensor targets) = Batch(0);
            using MaskLearner learner = new(model, options with { Train = train }, prior);
            double[] losses = [learner.Step(0, inputs, targets).Loss, learner.Step(1, inputs, targets).Loss];
            then(learner);
            return losses;
        }
        double[] without = Losses(TrainedParameters.Weights, learner => Assert.Null(learner.Vectors));
        double[] with = Losses(TrainedParameters.Norms, learner =>
        {
            using DisposeScope scope = NewDisposeScope();
            Assert.Equal(vectors, learner.Vectors!.Values.Select(pair => pair.Key));
            foreach ((string name, Tensor value) in learner.Vectors!.Values)
            {
                Assert.Equal(before[name], model.Parameters[name].bytes.ToArray());
                // AdamW's first steps are the rate each: a tenth of it and two, in the warm-up.
                Tensor by = (value - model.Parameters[name]).abs();
                Assert.InRange(by.max().item<float>(), 1e-4f, 3.1e-4f);
                using (learner.Vectors.Enter(takesGradient: false)) Assert.True(model.Parameters[name].allclose(value));
            }
        });
        Assert.Equal(without[0], with[0]);
        Assert.NotEqual(without[1], with[1]);
        Assert.All(model.Parameters, pair => Assert.Equal(before[pair.Key], pair.Value.bytes.ToArray()));
    }

    /// <summary>The weights' own gradient is that of the loss by W * mask, times the mask.</summary>
    [Theory]
    [InlineData(KernelKind.Fused, Parametrization.Candidates)]
    [InlineData(KernelKind.Plain, Parametrization.Candidates)]
    [InlineData(KernelKind.Plain, Parametrization.Items)]
    public void Step_TrainWeightsWithMasks_MovesBothAndTheFirstMomentIsTheGradient(KernelKind kernel, Parametrization parametrization)
    {
        using DisposeScope scope = NewDisposeScope();
        using Decoder model = Load();
        LearnOptions options = Options with
        {
            Kernel = kernel,
            Parametrization = parametrization,
            TrainWeights = WeightTraining.WithMasks,
            WeightLearningRate = 1e-3,
            Noise = 0
        };
        Tensor dense = model.Linears[0].Weight.clone();
        (Tensor inputs, Tensor targets) = Batch(0);
        using MaskLearner learner = new(model, options, null);
        learner.Step(0, inputs, targets);
        // The masks move as they do where weights are frozen.
        using (Decoder other = Load())
        using (MaskLearner frozen = new(other, options with { TrainWeights = WeightTraining.None }, null))
        {
            frozen.Step(0, inputs, targets);
            Assert.Equal(LogitsOf(frozen), LogitsOf(learner));
        }
        // AdamW's first step is the sign of the gradient times the rate: nearly every weight of a soft mask moves by that much.
        Tensor moved = (learner.Weights![model.Linears[0].Name] - dense).abs();
        Assert.True(moved.le(1.01e-3).all().item<bool>());
        Assert.True(moved.ge(0.9e-3).to(ScalarType.Float32).mean().item<float>() > 0.9);
    }

    /// <summary>A mask that moves keeps what is largest, is another one after some steps, and stays for the last three tenths; its
    /// dropped weights are then 0. A run that goes on from before or behind that ends bit-equal.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Step_MovingMask_MovesSettlesAndGoesOn(bool recomputing)
    {
        using TemporaryFolder folder = new();
        LearnOptions options = Options with
        {
            Steps = 10,
            TrainWeights = WeightTraining.Moving,
            WeightLearningRate = 3e-2,
            CheckpointActivations = recomputing,
        };
        JsonObject settings = new() { ["train"] = "moving" };
        Dictionary<string, Mask> prior;
        using (Decoder model = Load())
            prior = model.Linears.ToDictionary(layer => layer.Name, layer => Magnitude.Prune(layer.Weight, NmPattern.TwoOfFour));
        Dictionary<long, byte[]> masks = [];
        using Decoder whole = Load();
        using MaskLearner learner = new(whole, options, prior);
        Assert.Equal(1, learner.PriorGroupShare);
        Assert.Equal(MasksOf(prior), MasksOf(learner.ArgmaxMasks()));
        Assert.Equal(0, learner.ChangedGroupShare());
        for (long step = 0; step < options.Steps; step++)
        {
            masks[step] = MasksOf(learner.ArgmaxMasks());
            if (step is 3 or 8) LearnCheckpoint.Save(folder.File($"{step}"), learner, step, settings);
            Step(learner, step);
        }

        Assert.NotEqual(MasksOf(prior), masks[7]);
        Assert.NotEqual(masks[5], masks[6]);
        Assert.True(learner.ChangedGroupShare() > 0.01);
        Assert.All(new long[] { 8, 9 }, step => Assert.Equal(masks[7], masks[step]));
        Assert.Equal(masks[7], MasksOf(learner.ArgmaxMasks()));
        using DisposeScope scope = NewDisposeScope();
        Assert.All(learner.Weights!.Values, weight => Assert.Equal(weight.NumberOfElements / 2, weight.ne(0).sum().item<long>()));
        foreach (long from in new long[] { 3, 8 })
        {
            using Decoder model = Load();
            using MaskLearner resumed = new(model, options, prior);
            Assert.Equal(from, LearnCheckpoint.Load(folder.File($"{from}"), resumed, settings));
            for (long step = from; step < options.Steps; step++) Step(resumed, step);
            Assert.Equal(WeightsOf(learner), WeightsOf(resumed));
        }

        static byte[] MasksOf(IReadOnlyDictionary<string, Mask> all) => [.. all.Values.SelectMany(mask => mask.Packed.ToArray())];
        static byte[] WeightsOf(MaskLearner of) => [.. of.Weights!.Values.SelectMany(weight => weight.bytes.ToArray())];
        static void Step(MaskLearner of, long step)
        {
            (Tensor inputs, Tensor targets) = Batch((int)step);
            of.Step(step, inputs, targets);
        }
    }

    /// <summary>Without a mask all weights learn, and with others to start from these are where it starts.</summary>
    [Fact]
    public void Step_DenseWeightsFromOthers_MovesAllOfThem()
    {
        using Decoder model = Load();
        using DisposeScope scope = NewDisposeScope();
        Dictionary<string, Tensor> start = model.Linears.ToDictionary(layer => layer.Name, layer => layer.Weight * 0.5);
        using MaskLearner learner = new(model, Options with { TrainWeights = WeightTraining.Dense, WeightLearningRate = 1e-3 }, null, null,
            start);
        Assert.All(start, pair => Assert.True(pair.Value.equal(learner.Weights![pair.Key]).all().item<bool>()));
        Assert.All(learner.ArgmaxMasks().Values, mask => Assert.Equal(1, mask.Density));
        (Tensor inputs, Tensor targets) = Batch(0);

        StepFigures figures = learner.Step(0, inputs, targets);

        Tensor moved = learner.Weights![model.Linears[0].Name].ne(start[model.Linears[0].Name]);
        Assert.True(moved.to(ScalarType.Float32).mean().item<float>() > 0.99);
        Assert.True(figures.GradientNorm > 0);
    }

    /// <summary>The gradient of trained weights is clipped, and its norm is told.</summary>
    [Fact]
    public void Step_TrainWeightsOnly_ClipsTheGradient()
    {
        double Moment(double clip)
        {
            using Decoder model = Load();
            using DisposeScope scope = NewDisposeScope();
            Dictionary<string, Mask> prior = model.Linears.ToDictionary(layer => layer.Name, layer =>
                Magnitude.Prune(layer.Weight, NmPattern.TwoOfFour));
            using MaskLearner learner = new(model, Options with { TrainWeights = WeightTraining.Only, ClipNorm = clip }, prior);
            (Tensor inputs, Tensor targets) = Batch(0);
            double norm = learner.Step(0, inputs, targets).GradientNorm;
            double moments = Math.Sqrt(learner.State.Where(state => state.Name.EndsWith(".weight_m", StringComparison.Ordinal))
                .Sum(state => state.Value.square().sum(ScalarType.Float64).item<double>()));
            Assert.Equal(0.1 * Math.Min(norm, clip), moments, 1e-4 * moments);
            return norm;
        }
        double norm = Moment(1e9);
        Assert.Equal(norm, Moment(0.5 * norm), 1e-6 * norm);
    }

    [Fact]
    public void Constructor_TrainWeightsOnlyWithoutAMask_SaysWhatIsMissing()
    {
        using Decoder model = Load();

        string message = Assert.Throws<ArgumentException>(() =>
            new MaskLearner(model, Options with { TrainWeights = WeightTraining.Only }, null)).Message;

        Assert.Contains("`Prior` has none of model.layers.0.self_attn.q_proj.weight", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Load_CheckpointOfTrainedWeights_EndsBitEqual()
    {
        using TemporaryFolder folder = new();
        JsonObject settings = new() { ["train"] = "both" };
        LearnOptions options = Options with { TrainWeights = WeightTraining.WithMasks };
        byte[] Weights(MaskLearner learner) => [.. learner.Weights!.Values.SelectMany(weight => weight.bytes.ToArray())];
        using (MaskLearner learner = Run(options, steps: 5)) LearnCheckpoint.Save(folder.File("state"), learner, 5, settings);
        using MaskLearner resumed = new(Load(), options, null), whole = Run(options);
        LearnCheckpoint.Load(folder.File("state"), resumed, settings);
        Steps(resumed, 5, options.Steps);

        Assert.Equal(LogitsOf(whole), LogitsOf(resumed));
        Assert.Equal(Weights(whole), Weights(resumed));
    }

    [Fact]
    public void Constructor_ColumnsNotDivisible_NamesTheLayerAndTheWayOut()
    {
        using Decoder model = Load();

        string message = Assert.Throws<ArgumentException>(() =>
            new MaskLearner(model, Options with { Pattern = new NmPattern(2, 5) }, null)).Message;

        Assert.Contains("model.layers.0.self_attn.q_proj.weight: 32 columns", message, StringComparison.Ordinal);
        Assert.Contains("`Skip`", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Constructor_Skip_LeavesThoseLayersDense()
    {
        using Decoder model = Load();
        using MaskLearner learner = new(model, Options with { Skip = ["*.k_proj.weight"] }, null);

        Assert.DoesNotContain(learner.ArgmaxMasks().Keys, name => name.Contains("k_proj", StringComparison.Ordinal));
        Assert.Throws<ArgumentException>(() => new MaskLearner(model, Options with { Skip = ["nothing*"] }, null));
    }

    [Fact]
    public void Load_CheckpointInTheMiddle_EndsBitEqual()
    {
        using TemporaryFolder folder = new();
        JsonObject options = new() { ["steps"] = Options.Steps };
        using (Decoder model = Load())
        using (MaskLearner learner = new(model, Options, null))
        {
            Steps(learner, 0, 5);
            LearnCheckpoint.Save(folder.File("state"), learner, 5, options);
        }
        using Decoder again = Load();
        using MaskLearner resumed = new(again, Options, null);
        Assert.Equal(5, LearnCheckpoint.Load(folder.File("state"), resumed, options));
        Steps(resumed, 5, Options.Steps);

        Assert.Equal(Logits(Run(Options)), LogitsOf(resumed));
        Assert.Contains("steps",
            Assert.Throws<ArgumentException>(() =>
            LearnCheckpoint.Load(folder.File("state"), resumed, new JsonObject { ["steps"] = 13 })).Message, StringComparison.Ordinal);
    }

    public static TheoryData<string, bool> PatternsAndHard =>
        new() { { "2:4", false }, { "2:4", true }, { "1:4", false }, { "4:8", false }, { "1:2", true } };

    /// <summary>From the same logits and noise; libtorch's logarithms and ours differ in the last bits, hence the tolerance.</summary>
    [Theory]
    [MemberData(nameof(PatternsAndHard))]
    public void Step_FusedAndPlain_GiveTheSameLossNormAndLogits(string pattern, bool hard)
    {
        LearnOptions options = Options with { Pattern = NmPattern.Parse(pattern), Hard = hard, WeightReward = 1e-3 };
        (StepFigures fused, float[] fusedLogits) = FirstStep(options with { Kernel = KernelKind.Fused });
        (StepFigures plain, float[] plainLogits) = FirstStep(options with { Kernel = KernelKind.Plain });

        Assert.Equal(plain.Loss, fused.Loss, 1e-5);
        Assert.Equal(plain.Reward, fused.Reward, 1e-5 * plain.Reward);
        Assert.Equal(plain.GradientNorm, fused.GradientNorm, 1e-4 * plain.GradientNorm);
        Assert.Equal(plain.MeanMaxProbability, fused.MeanMaxProbability, 1e-5);
        // The first update moves every logit by about the learning rate.
        double apart = Math.Sqrt(fusedLogits.Zip(plainLogits, (a, b) => Math.Pow(a - b, 2)).Average());
        Assert.InRange(apart, 0, 0.01 * options.LearningRate);
    }

    [Theory]
    [InlineData(MomentType.Float32, ScalarType.Float32, 18.0)]
    [InlineData(MomentType.BFloat16, ScalarType.Float32, 12.0)]
    [InlineData(MomentType.Int8, ScalarType.Float32, 9.1)]
    [InlineData(MomentType.Int8, ScalarType.BFloat16, 9.1)]
    public void Step_RecomputedActivations_GiveTheSameLogits(MomentType moments, ScalarType precision, double bytesAWeight)
    {
        LearnOptions options = Options with { Moments = moments, Precision = precision, MicroBatchSize = 2 };
        using MaskLearner kept = Run(options), recomputed = Run(options with { CheckpointActivations = true });

        Assert.Equal(LogitsOf(kept), LogitsOf(recomputed));
        // Blocks of 256 are not full in layers this small.
        Assert.InRange(kept.StateBytesPerWeight, 0, bytesAWeight + (moments == MomentType.Int8 ? 0.1 : 0));
    }

    [Theory]
    [InlineData(MomentType.BFloat16)]
    [InlineData(MomentType.Int8)]
    public void Load_CheckpointOfNarrowMoments_EndsBitEqual(MomentType moments)
    {
        using TemporaryFolder folder = new();
        JsonObject settings = new() { ["moments"] = moments.ToString() };
        LearnOptions options = Options with { Moments = moments };
        using (MaskLearner learner = Run(options, steps: 5)) LearnCheckpoint.Save(folder.File("state"), learner, 5, settings);
        using MaskLearner resumed = new(Load(), options, null);
        LearnCheckpoint.Load(folder.File("state"), resumed, settings);
        Steps(resumed, 5, options.Steps);

        Assert.Equal(Logits(Run(options)), LogitsOf(resumed));
    }

    /// <summary>Given the gradients, nothing of the masks may depend on threads; libtorch's own products do, so they are taken
    /// once.</summary>
    [Fact]
    public void FusedPasses_OneThreadAndTwo_AreBitEqual()
    {
        byte[] Masked(int threads)
        {
            int before = get_num_threads();
            set_num_threads(threads);
            try
            {
                using DisposeScope scope = NewDisposeScope();
                using Decoder model = Load();
                using CandidateTensor table = new(NmPattern.TwoOfFour, CPU);
                using LearnedLayer layer = new(model.Linears[4], 4, ScalarType.Float32,
                    MaskLogits.Create(model.Linears[4], 4, table, Options with { Moments = MomentType.Int8 }, null));
                using FusedMaskStep step = new(NmPattern.TwoOfFour);
                MaskSample sample = new(1, 2, 4, 100, 4, 1e-4f, false);
                Tensor masked = empty_like(layer.Dense), gradient = layer.Dense.mul(0.01);
                (double largest, double kept) = step.Sample(layer, sample, masked);
                double norm = step.SquaredNorm(layer, sample, gradient);
                step.Update(layer, sample, gradient, 0.5, new AdamWRates(0, 1e-3, 0.1, 1e-5));
                return [.. BitConverter.GetBytes(largest), .. BitConverter.GetBytes(kept), .. BitConverter.GetBytes(norm), .. masked.bytes,
                    .. layer.Logits.State.SelectMany(tensor => tensor.Value.bytes.ToArray())];
            }
            finally
            {
                set_num_threads(before);
            }
        }

        Assert.Equal(Masked(1), Masked(2));
    }

    [Fact]
    public void Step_PlainKernelWithNarrowMoments_IsRefused()
    {
        using Decoder model = Load();

        string message = Assert.Throws<ArgumentException>(() =>
            new MaskLearner(model, Options with { Kernel = KernelKind.Plain, Moments = MomentType.Int8 }, null)).Message;

        Assert.Contains("`Kernel` fused", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Plan_EveryMode_NamesItsPartsAndShrinks()
    {
        using Decoder model = Load();
        long Bytes(LearnOptions options) => LearnMemory.Plan(model, options, 0).TotalBytes;
        LearnOptions large = Options with { BatchSize = 64, SequenceLength = 64 };

        Assert.True(Bytes(large with { Moments = MomentType.BFloat16 }) < Bytes(large));
        Assert.True(Bytes(large with { Moments = MomentType.Int8 }) < Bytes(large with { Moments = MomentType.BFloat16 }));
        Assert.True(Bytes(large with { CheckpointActivations = true }) < Bytes(large));
        Assert.True(Bytes(large with { MicroBatchSize = 8 }) < Bytes(large));
        Assert.True(Bytes(large) < Bytes(large with { Kernel = KernelKind.Plain }));
        Assert.Contains(LearnMemory.Plan(model, large, 0).Parts, part => part.What == "logits"
            && part.Bytes == 6.0 * model.Linears.Sum(layer => layer.Rows * layer.Columns));
    }

    [Fact]
    public void Gumbel_OneThreadAndTwo_AreBitEqualAndOfTheRightMoments()
    {
        using DisposeScope scope = NewDisposeScope();
        int threads = get_num_threads();
        set_num_threads(1);
        Tensor one = MaskNoise.Gumbel(3, 4, 5, 6, 100_000);
        set_num_threads(2);
        Tensor two = MaskNoise.Gumbel(3, 4, 5, 6, 100_000);
        set_num_threads(threads);

        Assert.Equal(one.bytes.ToArray(), two.bytes.ToArray());
        // Euler's constant and pi^2 / 6; 600,000 draws have a standard error of 0.0017 and 0.0038.
        Assert.Equal(0.5772, one.mean().item<float>(), 0.01);
        Assert.Equal(1.6449, one.var().item<float>(), 0.02);
    }

    [Fact]
    public void Mix_SoftMask_SumsToNInEveryGroup()
    {
        using DisposeScope scope = NewDisposeScope();
        using CandidateTensor table = new(NmPattern.TwoOfFour, CPU);
        Tensor probabilities = SoftMask.Probabilities(randn(6, 32), MaskNoise.Gumbel(0, 0, 0, 6, 32), 100, 4);

        Tensor sums = SoftMask.Mix(probabilities, table, 8, 16, hard: false).view(-1, 4).sum(1);

        Assert.True((sums - 2).abs().max().item<float>() < 1e-5);
    }

    private static Decoder Load(ScalarType precision = ScalarType.Float32) =>
        Checkpoint.Load(Fixture.PathOf("models/llama-gqa-tied"), compute: precision);

    // The bytes of a counter: a text that repeats, so that there is something to learn.
    private static (Tensor Inputs, Tensor Targets) Batch(long step)
    {
        int[] ids = [.. Enumerable.Range(0, Options.BatchSize * (Options.SequenceLength + 1)).Select(i => (int)((i * 7 + step) % 23))];
        return TokenBatch.Split(ids, Options.BatchSize, CPU);
    }

    private static void Steps(MaskLearner learner, long from, long to)
    {
        for (long step = from; step < to; step++)
        {
            using DisposeScope scope = NewDisposeScope();
            (Tensor inputs, Tensor targets) = Batch(step);
            learner.Step(step, inputs, targets);
        }
    }

    private static MaskLearner Run(LearnOptions options, int? steps = null)
    {
        MaskLearner learner = new(Load(options.Precision), options, null);
        Steps(learner, 0, steps ?? options.Steps);
        return learner;
    }

    private static (StepFigures Figures, float[] Logits) FirstStep(LearnOptions options)
    {
        using DisposeScope scope = NewDisposeScope();
        using Decoder model = Load();
        using MaskLearner learner = new(model, options, null);
        (Tensor inputs, Tensor targets) = Batch(0);
        return (learner.Step(0, inputs, targets), LogitsOf(learner));
    }

    private static float[] Logits(MaskLearner learner)
    {
        using (learner) return LogitsOf(learner);
    }

    private static float[] LogitsOf(MaskLearner learner) =>
        [.. learner.Logits.SelectMany(layer => TensorBytes.Floats(layer.Logits).ToArray())];
}
