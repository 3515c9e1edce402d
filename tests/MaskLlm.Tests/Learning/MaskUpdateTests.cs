using MaskLlm.Learning;
using MaskLlm.MaskKernels;
using MaskLlm.Masks;
using MaskLlm.Models;
using MaskLlm.Patterns;
using MaskLlm.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace MaskLlm.Tests.Learning;

/// <summary>What a step does to logits and moments, in figures.</summary>
[Collection(TorchTests.Name)]
public sealed class MaskUpdateTests
{
    private static readonly LearnOptions Options = new() { Steps = 12, BatchSize = 4, SequenceLength = 16, LearningRate = 0.02, Seed = 7 };

    /// <summary>The first moment is a tenth of the gradient after it is clipped.</summary>
    [Theory]
    [InlineData(KernelKind.Fused, Parametrization.Candidates)]
    [InlineData(KernelKind.Plain, Parametrization.Candidates)]
    [InlineData(KernelKind.Plain, Parametrization.Items)]
    public void Step_ClipNorm_IsTheMostThatTheGradientHas(KernelKind kernel, Parametrization parametrization)
    {
        LearnOptions options = Options with { Kernel = kernel, Parametrization = parametrization };
        (StepFigures figures, double whole) = Moment(options with { ClipNorm = 1e9 });
        Assert.Equal(0.1 * figures.GradientNorm, whole, 1e-3 * whole);
        (_, double clipped) = Moment(options with { ClipNorm = figures.GradientNorm / 4 });
        Assert.Equal(0.025 * figures.GradientNorm, clipped, 1e-3 * clipped);

        static (StepFigures, double) Moment(LearnOptions options)
        {
            using DisposeScope scope = NewDisposeScope();
            using Decoder model = Load();
            using MaskLearner learner = new(model, options, null);
            StepFigures figures = Step(learner, options);
            return (figures, Math.Sqrt(learner.Logits.Sum(layer => layer.Moments.First.square().sum(ScalarType.Float64).item<double>())));
        }
    }

    /// <summary>Without a gradient a step is the decay alone.</summary>
    [Theory]
    [InlineData(KernelKind.Fused, Parametrization.Candidates)]
    [InlineData(KernelKind.Plain, Parametrization.Candidates)]
    [InlineData(KernelKind.Plain, Parametrization.Items)]
    public void Update_NoGradient_DecaysTheLogits(KernelKind kernel, Parametrization parametrization)
    {
        using DisposeScope scope = NewDisposeScope();
        using Decoder model = Load();
        using CandidateTensor table = new(NmPattern.TwoOfFour, CPU);
        LearnOptions options = Options with { Parametrization = parametrization };
        CandidateTensor? candidates = parametrization == Parametrization.Items ? null : table;
        using LearnedLayer layer = new(model.Linears[0], 0, ScalarType.Float32,
            MaskLogits.Create(model.Linears[0], 0, candidates, options, null));
        using IMaskStep step = candidates is null ? new ItemMaskStep(NmPattern.TwoOfFour)
            : kernel == KernelKind.Fused ? new FusedMaskStep(NmPattern.TwoOfFour) : new PlainMaskStep(table);
        Tensor before = layer.Logits.Logits.clone(), gradient = zeros_like(layer.Dense);
        MaskSample sample = new(1, 2, 0, 100, 4, 0, false);
        step.Sample(layer, sample, empty_like(layer.Dense));
        step.SquaredNorm(layer, sample, gradient);
        step.Update(layer, sample, gradient, 1, new AdamWRates(0, 0.5, 0.25, 1e-5));
        Assert.True((layer.Logits.Logits - before * 0.875).abs().max().item<float>() < 1e-7);
    }

    /// <summary>6 logits of 4 bytes and two moments a group of 4; of bytes a scale of each 256 groups.</summary>
    [Theory]
    [InlineData(MomentType.Float32, 18)]
    [InlineData(MomentType.BFloat16, 12)]
    [InlineData(MomentType.Int8, 9)]
    public void StateBytesPerWeight_Moments_AreThoseOfTheirType(MomentType moments, double bytes)
    {
        using Decoder model = Load();
        using MaskLearner learner = new(model, Options with { Moments = moments }, null);
        double scales = moments != MomentType.Int8 ? 0
            : model.Linears.Sum(layer => 2 * 6 * Math.Ceiling(layer.Rows * layer.Columns / 4 / 256.0) * 4) / learner.WeightCount;
        Assert.Equal((2 * 9216, 2 * 9216 / 4), (learner.WeightCount, learner.GroupCount));
        Assert.Equal(bytes + scales, learner.StateBytesPerWeight, 1e-9);
    }

    [Theory]
    [InlineData(Parametrization.Candidates)]
    [InlineData(Parametrization.Items)]
    public void ChangedGroupShare_SinceTheLastCall_CountsGroups(Parametrization parametrization)
    {
        using Decoder model = Load();
        LearnOptions options = Options with { Parametrization = parametrization, Kernel = KernelKind.Plain };
        using MaskLearner learner = new(model, options, null);
        Assert.Equal(0, learner.ChangedGroupShare());
        IReadOnlyDictionary<string, Mask> before = learner.ArgmaxMasks();
        for (int i = 0; i < 3; i++) Step(learner, options);
        long equal = learner.ArgmaxMasks().Sum(pair => MaskAgreement.Between(before[pair.Key], pair.Value, 4).EqualGroups);
        Assert.InRange(equal, 1, learner.GroupCount - 1);
        Assert.Equal(1 - (double)equal / learner.GroupCount, learner.ChangedGroupShare(), 1e-12);
        Assert.Equal(0, learner.ChangedGroupShare());
    }

    [Fact]
    public void Constructor_NoPrior_DrawsLogitsOfTheDeviation()
    {
        using DisposeScope scope = NewDisposeScope();
        using Decoder model = Load();
        using MaskLearner learner = new(model, Options with { InitialStd = 0.25 }, null);
        Tensor logits = cat([.. learner.Logits.Select(layer => layer.Logits.flatten())], 0);
        Assert.Equal(0.25, logits.std().item<float>(), 0.005);
        Assert.Equal(0, logits.mean().item<float>(), 0.005);
        Assert.Equal(0, learner.PriorGroupShare);
        // Another layer, other numbers.
        Assert.NotEqual(learner.Logits.First().Logits[0, 0].item<float>(), learner.Logits.ElementAt(3).Logits[0, 0].item<float>());
    }

    [Fact]
    public void Step_BlockwiseInMicroBatches_IsThatOfTheWholeBatch()
    {
        (double Loss, float[] Logits) Learned(int? micro)
        {
            using Decoder model = Load();
            LearnOptions options = Options with { Blockwise = true, MicroBatchSize = micro, ClipNorm = 1e9 };
            using MaskLearner learner = new(model, options, null);
            double loss = Step(learner, options).Loss;
            return (loss, [.. learner.Logits.SelectMany(layer => TensorBytes.Floats(layer.Moments.First).ToArray())]);
        }
        (double whole, float[] expected) = Learned(null);
        (double parts, float[] found) = Learned(1);
        // Nearly: each part's error is over what its own dense block adds.
        Assert.Equal(whole, parts, 0.01 * whole);
        double apart = Math.Sqrt(expected.Zip(found, (a, b) => Math.Pow(a - b, 2)).Sum() / expected.Sum(a => Math.Pow(a, 2)));
        Assert.InRange(apart, 0, 0.1);
    }

    /// <summary>A layer of zeros has no norm to keep a share of.</summary>
    [Fact]
    public void Step_NormalizedRewardOfALayerOfZeros_IsFinite()
    {
        using Decoder model = Load();
        using (no_grad()) model.Linears[0].Weight.zero_();
        LearnOptions options = Options with { NormalizedReward = true, WeightReward = 1 };
        using MaskLearner learner = new(model, options, null);
        Assert.InRange(Step(learner, options).Reward, model.Linears.Count / 8.0, model.Linears.Count - 1);
    }

    private static Decoder Load() => Checkpoint.Load(Fixture.PathOf("models/llama-gqa-tied"));

    private static StepFigures Step(MaskLearner learner, LearnOptions options)
    {
        using DisposeScope scope = NewDisposeScope();
        int[] ids = [.. Enumerable.Range(0, options.BatchSize * (options.SequenceLength + 1)).Select(i => i * 7 % 23)];
        (Tensor inputs, Tensor targets) = TokenBatch.Split(ids, options.BatchSize, CPU);
        return learner.Step(0, inputs, targets);
    }
}
