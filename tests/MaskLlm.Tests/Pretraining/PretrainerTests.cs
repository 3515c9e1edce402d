using MaskLlm.Architectures;
using MaskLlm.Models;
using MaskLlm.Pretraining;
using TorchSharp;
using static TorchSharp.torch;

namespace MaskLlm.Tests.Pretraining;

/// <summary>First weights and first step of a dense model, in figures.</summary>
[Collection(TorchTests.Name)]
public sealed class PretrainerTests
{
    private static readonly PretrainOptions Options = new()
    {
        Steps = 10,
        BatchSize = 4,
        SequenceLength = 16,
        LearningRate = 1e-3,
        WarmupSteps = 0,
        Seed = 3
    };

    /// <summary>What multiplies is 1 at first: a norm of one plus its weight begins at 0.</summary>
    [Fact]
    public void Constructor_NormsOfOnePlusTheirWeight_BeginAtZero()
    {
        using Pretrainer trainer = new(Config() with { NormAddsOne = true }, Options);
        TrainedParameter[] norms = [.. trainer.Parameters.Where(parameter => parameter.Value.dim() == 1)];
        Assert.NotEmpty(norms);
        Assert.All(norms, norm => Assert.Equal(0, norm.Value.abs().max().item<float>()));
    }

    /// <summary>0.02, and over the root of twice the 2 blocks, which is 2, where a branch ends; norms 1, biases 0.</summary>
    [Fact]
    public void Constructor_Weights_HaveTheDeviationsOfGpt2()
    {
        using Pretrainer trainer = new(Config() with { QueryKeyValueBias = true }, Options);
        foreach (TrainedParameter parameter in trainer.Parameters)
        {
            float[] values = parameter.Value.detach().flatten().data<float>().ToArray();
            if (parameter.Name.EndsWith(".bias", StringComparison.Ordinal)) Assert.All(values, value => Assert.Equal(0, value));
            else if (parameter.Value.dim() == 1) Assert.All(values, value => Assert.Equal(1, value));
            else
            {
                double std = Math.Sqrt(values.Average(value => (double)value * value));
                bool ends = parameter.Name.Contains("o_proj", StringComparison.Ordinal) || parameter.Name.Contains(
                    "down_proj", StringComparison.Ordinal);
                Assert.Equal(ends ? 0.01 : 0.02, std, 0.002);
            }
            Assert.False(parameter.Moments.First.requires_grad);
            Assert.False(parameter.Moments.Second.requires_grad);
        }
        Assert.Contains(trainer.Parameters, parameter => parameter.Name.EndsWith("q_proj.bias", StringComparison.Ordinal));
    }

    [Fact]
    public void Constructor_Seed_DecidesTheWeights()
    {
        Assert.Equal(First(3), First(3));
        Assert.NotEqual(First(3), First(4));

        static float[] First(ulong seed)
        {
            using Pretrainer trainer = new(Config(), Options with { Seed = seed });
            return [.. trainer.Parameters.SelectMany(parameter => parameter.Value.detach().flatten().data<float>().ToArray())];
        }
    }

    /// <summary>By the rate, a quarter of it in the first of four steps of warm-up; matrices decay too, norms do not.</summary>
    [Fact]
    public void Step_First_GoesByTheRateAndDecaysMatrices()
    {
        Dictionary<string, float[]> start = Values(null), plain = Values(Options with { WeightDecay = 0 }),
            decayed = Values(Options with { WeightDecay = 0.5 });
        Dictionary<string, float[]> warm = Values(Options with { WeightDecay = 0, WarmupSteps = 4 });
        foreach ((string name, float[] before) in start)
        {
            bool isNorm = name.EndsWith("norm.weight", StringComparison.Ordinal);
            for (int i = 0; i < before.Length; i++)
                Assert.Equal(isNorm ? 0 : -1e-3 * 0.5 * before[i], decayed[name][i] - plain[name][i], 1e-6);
            // The step of the largest gradients is the whole rate.
            Assert.Equal(1e-3, before.Zip(plain[name], (a, b) => Math.Abs(a - b)).Max(), 2e-5);
            Assert.Equal(0.25e-3, before.Zip(warm[name], (a, b) => Math.Abs(a - b)).Max(), 1e-5);
        }
    }

    /// <summary>
    /// The first moment is a tenth of the gradient after it is clipped; in a second step the gradient is that step's alone.
    /// </summary>
    [Fact]
    public void Step_ClipNorm_IsTheMostThatTheGradientHas()
    {
        double whole = Norm(1e9), small = whole / 4;
        Assert.InRange(whole, 1e-3, 1e3);
        Assert.Equal(small, Norm(small * 10), 1e-3 * small);
        Assert.Equal(whole, Norm(whole * 20), 1e-6 * whole);

        static double Norm(double clip)
        {
            using DisposeScope scope = NewDisposeScope();
            using Pretrainer trainer = new(Config(), Options with { ClipNorm = clip });
            Step(trainer, 0);
            return Math.Sqrt(trainer.Parameters.Sum(parameter => parameter.Moments.First.square().sum(ScalarType.Float64).item<double>()));
        }
    }

    [Fact]
    public void Step_Again_LowersTheLoss()
    {
        using Pretrainer trainer = new(Config(), Options with { LearningRate = 1e-2 });
        double[] losses = [.. Enumerable.Range(0, 10).Select(step => Step(trainer, step))];
        Assert.Equal(Math.Log(128), losses[0], 0.05);
        Assert.True(losses[^1] < losses[0] - 0.5, string.Join(' ', losses));
    }

    private static DecoderConfig Config() => CheckpointConfig.Read(Fixture.PathOf("models/llama-gqa-tied"));

    private static Dictionary<string, float[]> Values(PretrainOptions? stepped)
    {
        using Pretrainer trainer = new(Config(), stepped ?? Options);
        if (stepped is not null) Step(trainer, 0);
        return trainer.Parameters.ToDictionary(parameter => parameter.Name, parameter =>
            parameter.Value.detach().flatten().data<float>().ToArray());
    }

    private static double Step(Pretrainer trainer, long step)
    {
        using DisposeScope scope = NewDisposeScope();
        (Tensor inputs, Tensor targets) = TokenBatch.Split([.. Enumerable.Range(0, 4 * 17).Select(i => i * 7 % 23)], 4, CPU);
        return trainer.Step(step, inputs, targets);
    }
}
