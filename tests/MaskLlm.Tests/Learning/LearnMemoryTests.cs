using MaskLlm.Learning;
using MaskLlm.Machine;
using MaskLlm.MaskKernels;
using MaskLlm.Models;

namespace MaskLlm.Tests.Learning;

/// <summary>The plan of a small model, part by part, worked out by hand: 2 blocks of 9,216 weights, width 32, MLP 64, 4 heads of 8,
/// vocabulary 128.</summary>
[Collection(TorchTests.Name)]
public sealed class LearnMemoryTests
{
    private const double Weights = 2 * 9216, Logits = Weights / 4 * 6, Parameters = (Weights + 128 * 32 + 5 * 32) * 4;

    private static readonly LearnOptions Options = new() { BatchSize = 4, SequenceLength = 16 };

    [Fact]
    public void Plan_Defaults_HasEveryPart() => AssertParts(
        Options,
        ("model", Parameters), ("masked weights", Weights * 4), ("gradients by the masked weights", Weights * 4), ("logits", Logits * 4),
        ("moments, float32", Logits * 8),
        ("moving average of the logits", 0), ("dense model's states", 0), ("trained weights and their moments", 0),
        // A token and block: two norms of 32 in and out, 4 x (32 + 64) of projections and MLP, 4 bytes a head, 8 more; 64 tokens.
        ("activations", 64 * 2 * (2 * 32 * 8 + 4 * 4 * (32 + 64) + 4 * 4 + 8)),
        // 64 tokens of 128 logits three times over, and three hidden states.
        ("loss over the vocabulary", 64 * 128 * 12 + 3 * 64 * 32 * 4));

    [Theory]
    [InlineData("moments, bfloat16", Logits * 4)]
    public void Plan_NarrowMoments_TakeHalf(string part, double bytes) =>
        AssertPart(Options with { Moments = MomentType.BFloat16 }, part, bytes);

    [Fact]
    public void Plan_ByteMoments_TakeAByteAndAScaleOf256() =>
        AssertPart(Options with { Moments = MomentType.Int8 }, "moments, int8", Logits * 2 * (1 + 4.0 / 256));

    [Fact]
    public void Plan_Average_TakesALogitMore() =>
        AssertPart(Options with { AverageDecay = 0.9 }, "moving average of the logits", Logits * 4);

    [Fact]
    public void Plan_Items_HaveALogitAWeight() =>
        AssertPart(Options with { Parametrization = Parametrization.Items }, "logits", Weights * 4);

    [Fact]
    public void Plan_WeightsAlone_HaveNoLogits()
    {
        LearnOptions only = Options with { TrainWeights = WeightTraining.Only };
        AssertPart(only, "logits", 0);
        AssertPart(only, "trained weights and their moments", Weights * 12);
        AssertPart(only with { Moments = MomentType.BFloat16 }, "trained weights and their moments", Weights * 8);
        AssertPart(only with { Moments = MomentType.Int8 }, "trained weights and their moments", Weights * (6 + 8.0 / 256));
    }

    [Fact]
    public void Plan_Distillation_KeepsTheLastStateOfTheBatch()
    {
        LearnOptions distilled = Options with { Distillation = 0.7, MicroBatchSize = 2 };
        AssertPart(distilled, "dense model's states", 4 * 16 * 32 * 4);
        // Of two sequences at once; twice as much for the teacher's predictions.
        AssertPart(distilled, "loss over the vocabulary", 32 * 128 * 24 + 3 * 32 * 32 * 4);
        AssertPart(distilled with { StateDistillation = 1 }, "dense model's states", 4 * 16 * 4 * 32 * 4);
        AssertPart(distilled with { Blockwise = true }, "dense model's states", 2 * 16 * 4 * 32 * 4);
    }

    /// <summary>One block's of everything, and the states of all steps: those of dense and masked blocks, and the next ones of
    /// either.</summary>
    [Fact]
    public void Plan_Streamed_IsOfOneBlock() => AssertParts(
        Options with { Stream = true, Steps = 10 },
        ("model", Parameters), ("masked weights", 9216 * 4), ("gradients by the masked weights", 9216 * 4),
        ("logits", 9216 / 4 * 6 * 4), ("moments, float32", 9216 / 4 * 6 * 8),
        ("moving average of the logits", 0), ("dense model's states", 2 * 4 * 16 * 32 * 8), ("trained weights and their moments", 0),
        ("activations", 64 * (2 * 32 * 8 + 4 * 4 * (32 + 64) + 4 * 4 + 8)),
        ("loss over the vocabulary", 0),
        ("hidden states", 3 * 10 * 4 * 16 * 32 * 4));

    [Fact]
    public void Plan_Checkpointed_KeepsOneBlock()
    {
        LearnOptions checkpointed = Options with { CheckpointActivations = true };
        AssertPart(checkpointed, "masked weights", 9216 * 4);
        AssertPart(checkpointed, "inputs of the blocks, activations of one",
            64 * (3 * 32 * 4 + 2 * 32 * 8 + 4 * 4 * (32 + 64) + 4 * 4 + 8 + 2 * 64 * 4));
    }

    [Fact]
    public void Plan_PlainKernel_KeepsSamplesAndTheNoiseOfALayer() =>
        AssertPart(Options with { Kernel = KernelKind.Plain }, "samples of the plain kernel", Logits * 4 + 4 * 6.0 / 4 * 4 * 2048);

    [Fact]
    public void Plan_Sum_HasTheProgramAndAFifthOfTheTensors()
    {
        using Decoder model = Load();
        MemoryPlan plan = LearnMemory.Plan(model, Options, 1_000_000_000);
        Assert.Equal("program, libraries, tokenizer", plan.Parts[0].What);
        Assert.Equal(1e9 - Parameters + 150e6, plan.Parts[0].Bytes);
        Assert.Equal("heap beyond tensors", plan.Parts[^1].What);
        double tensors = plan.Parts.Skip(1).SkipLast(1).Sum(part => part.Bytes);
        Assert.Equal(0.2 * tensors, plan.Parts[^1].Bytes, 1e-3);
        Assert.Equal((long)(1e9 - Parameters + 150e6 + 1.2 * tensors), plan.TotalBytes);
        // A model that is larger than what is loaded: nothing is taken off.
        Assert.Equal(150e6, LearnMemory.Plan(model, Options, 0).Parts[0].Bytes);
    }

    [Fact]
    public void Require_MoreThanThereIs_SaysBothAndWhatToLower()
    {
        string message = Assert.Throws<InsufficientMemoryException>(() =>
            AvailableMemory.Require(long.MaxValue, "learning", "lower `SequenceLength`")).Message;
        Assert.StartsWith("learning needs about 9223372036.9 GB of memory and ", message, StringComparison.Ordinal);
        Assert.EndsWith(" GB is available; lower `SequenceLength`.", message, StringComparison.Ordinal);
        AvailableMemory.Require(1, "learning", "");
    }

    private static void AssertParts(LearnOptions options, params (string What, double Bytes)[] expected)
    {
        using Decoder model = Load();
        Assert.Equal(expected, LearnMemory.Plan(model, options, 0).Parts.Skip(1).SkipLast(1).Select(part => (part.What, part.Bytes)));
    }

    private static void AssertPart(LearnOptions options, string what, double bytes)
    {
        using Decoder model = Load();
        Assert.Equal(bytes, LearnMemory.Plan(model, options, 0).Parts.Single(part => part.What == what).Bytes);
    }

    private static Decoder Load() => Checkpoint.Load(Fixture.PathOf("models/llama-gqa-tied"));
}
