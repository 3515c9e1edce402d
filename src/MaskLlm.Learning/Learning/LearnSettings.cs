using System.Text.Json;
using MaskLlm.Models;
using MaskLlm.Numerals;
using MaskLlm.Patterns;
using MaskLlm.Settings;
using Of = MaskLlm.Settings.SettingsOf<MaskLlm.Learning.LearnOptions>;

namespace MaskLlm.Learning;

/// <summary>The settings of <see cref="LearnOptions"/>.</summary>
public static class LearnSettings
{
    /// <summary>All of them, those that people use first in front.</summary>
    public static IReadOnlyList<Setting<LearnOptions>> All { get; } =
    [
        Of.Choice("recipe", options => options.Recipe, (options, value) => options with { Recipe = value },
            "distilled is the best known, maskllm the paper's, 300 steps of 16 sequences; other options change what it sets."),
        Of.Text("pattern", options => options.Pattern, (options, value) => options with { Pattern = value }, NmPattern.Parse,
            "N kept of every M inputs, M at most 8, or 32 with `Parametrization` items."),
        Of.Number(OptionRanges.Steps, options => options.Steps, (options, value) => options with { Steps = value }, "Optimizer steps."),
        Of.Number(OptionRanges.BatchSize, options => options.BatchSize, (options, value) => options with { BatchSize = value },
            "Sequences a step."),
        Of.Number(OptionRanges.SequenceLength, options => options.SequenceLength,
            (options, value) => options with { SequenceLength = value }, "Predicted tokens a sequence."),
        Of.Names("skip", options => options.Skip, (options, value) => options with { Skip = value },
            "Name patterns (* and ?) of weights that stay dense."),
        .. Of.Under(
            "Loss and optimizer",
            Of.Number(OptionRanges.LearningRate, options => options.LearningRate, (options, value) => options with { LearningRate = value },
                "Peak; a cosine takes it to a tenth."),
            Of.Number(OptionRanges.Epsilon, options => options.Epsilon, (options, value) => options with { Epsilon = value },
                "AdamW's epsilon."),
            Of.Number(OptionRanges.WeightDecay, options => options.WeightDecay, (options, value) => options with { WeightDecay = value },
                "Decoupled weight decay on the logits."),
            Of.Number(OptionRanges.ClipNorm, options => options.ClipNorm, (options, value) => options with { ClipNorm = value },
                "The gradient of all logits together is clipped to this norm."),
            Of.Number(OptionRanges.Distillation, options => options.Distillation, (options, value) => options with { Distillation = value },
                "beta: share of the loss that is the divergence from the dense model's predictions, 0 to 1."),
            Of.Number(OptionRanges.StateDistillation, options => options.StateDistillation,
                (options, value) => options with { StateDistillation = value },
                "gamma: weight of the distance of every block's output from the dense model's, over what the dense block adds."),
            Of.Flag("blockwise", options => options.Blockwise, (options, value) => options with { Blockwise = value },
                "Learn each block's masks by its own output against the dense block's."),
            Of.Number(OptionRanges.WeightReward, options => options.WeightReward, (options, value) => options with { WeightReward = value },
                "lambda: reward of the norm of the kept weights, falling linearly to 0."),
            Of.Flag("normalized-reward", options => options.NormalizedReward,
                (options, value) => options with { NormalizedReward = value },
                "Divide each layer's reward by the norm of all its weights."),
            Of.Choice("train-weights", options => options.TrainWeights, (options, value) => options with { TrainWeights = value },
                "Whether the weights that stay are trained too: none, with-masks, only (under the mask that `Prior` names, which stays), "
                + "moving (the same, but for 70 % of the steps a group keeps what is largest), or dense (all weights and no mask, to set "
                + "beside the others). OUT/model is written then.",
                JsonNamingPolicy.KebabCaseLower.ConvertName),
            Of.Choice("train", options => options.Train, (options, value) => options with { Train = value },
                "What is trained where weights are: weights of linear layers, or norms, which are norms and biases too."),
            Of.Number(OptionRanges.WeightLearningRate, options => options.WeightLearningRate,
                (options, value) => options with { WeightLearningRate = value },
                "Peak learning rate of trained weights; up to 20 steps of warm-up lead to it, a line from it to 0."),
            Of.Number(OptionRanges.DroppedDecay, options => options.DroppedDecay, (options, value) => options with { DroppedDecay = value },
                "Decay of the weights that a moving mask drops, as a part of their gradient.")),
        .. Of.Under(
            "First logits",
            Of.Number(OptionRanges.PriorSamples, options => options.PriorSamples, (options, value) => options with { PriorSamples = value },
                "Sequences of the data that a one-shot prior and the scores look at."),
            Of.Number(OptionRanges.MinExpertTokens, options => options.MinExpertTokens,
                (options, value) => options with { MinExpertTokens = value },
                "Experts that fewer tokens of these reach are looked at with all of them by a one-shot prior."),
            Of.Number(OptionRanges.PriorStrength, options => options.PriorStrength,
                (options, value) => options with { PriorStrength = value },
                "How far the prior shifts the first logits, in standard deviations."),
            Of.Number(OptionRanges.ScoreStrength, options => options.ScoreStrength,
                (options, value) => options with { ScoreStrength = value },
                "How far the weights' own scores, |W| ||X||, shift the first logits; 0 for not at all."),
            Of.Flag("exact-prior", options => options.ExactPrior, (options, value) => options with { ExactPrior = value },
                "First logits without a random part. On in distilled; false turns it off."),
            Of.Number(OptionRanges.InitialStd, options => options.InitialStd, (options, value) => options with { InitialStd = value },
                "Standard deviation of the first logits.")),
        .. Of.Under(
            "Sampling of masks",
            Of.Text("kappa", options => options.Kappa, (options, value) => options with { Kappa = value }, ScheduleRange.Parse,
                "Scale of the logits, start:end."),
            Of.Text("tau", options => options.Tau, (options, value) => options with { Tau = value }, ScheduleRange.Parse,
                "Temperature, start:end."),
            Of.Choice("schedule", options => options.Schedule, (options, value) => options with { Schedule = value },
                "How kappa and tau move: linear or exponential."),
            Of.Number(OptionRanges.Noise, options => options.Noise, (options, value) => options with { Noise = value },
                "Scale of the Gumbel noise; 0 for none."),
            Of.Choice("parametrization", options => options.Parametrization, (options, value) => options with { Parametrization = value },
                "A logit for each candidate mask of a group, or for each of its items (weights)."),
            Of.Number(OptionRanges.AverageDecay, options => options.AverageDecay, (options, value) => options with { AverageDecay = value },
                "Decay of the moving average of the logits from which the mask is taken; 0 takes the last logits."),
            Of.Flag("hard", options => options.Hard, (options, value) => options with { Hard = value },
                "Straight-through: the layers use the hard mask of each sample."),
            Of.Number(OptionRanges.Seed, options => options.Seed, (options, value) => options with { Seed = value },
                "Seed of all randomness.")),
        .. Of.Under(
            "Memory and speed",
            Of.Optional(OptionRanges.MicroBatchSize, options => options.MicroBatchSize, options => options.BatchSize,
                (options, value) => options with { MicroBatchSize = value },
                "Sequences that go through the model together; fewer take less memory."),
            Of.Text("precision", options => Precision.NameOf(options.Precision),
                (options, value) => options with { Precision = Precision.Parse(value) }, text => text,
                "Activations and matrix products in float32 or bfloat16."),
            Of.Choice("moments", options => options.Moments, (options, value) => options with { Moments = value },
                "How AdamW's moments are kept: float32, bfloat16 or int8. With the logits 18, 12 or 9.1 bytes a weight at 2:4; trained "
                + "weights 12, 8 or 6."),
            Of.Flag("checkpoint-activations", options => options.CheckpointActivations,
                (options, value) => options with { CheckpointActivations = value },
                "Keep only each block's input for the backward pass and run the block again there: less memory, about a third more time."),
            Of.Flag("stream", options => options.Stream, (options, value) => options with { Stream = value },
                "Learn the masks of one block after another, `Steps` each, by its output against the dense block's; only its weights are "
                + "in memory."),
            Of.Choice("kernel", options => options.Kernel, (options, value) => options with { Kernel = value },
                "What computes the masks: fused (the CPU's) or plain tensor operations.")),
    ];

    /// <summary>The names of those that move logits, of which training of weights alone has none.</summary>
    internal static IReadOnlySet<string> OfMasks { get; } = new HashSet<string>(StringComparer.Ordinal)
    {
        "learning-rate", "epsilon", "weight-decay", "weight-reward", "normalized-reward", "prior-strength", "score-strength", "exact-prior",
        "initial-std", "kappa", "tau", "schedule", "noise", "parametrization", "average-decay", "hard",
    };

    /// <summary>The names of those that look at more than one block.</summary>
    internal static IReadOnlySet<string> OfWholeModel { get; } = new HashSet<string>(StringComparer.Ordinal)
    {
        "distillation", "state-distillation", "blockwise", "checkpoint-activations",
    };

    /// <summary>Those that decide how long a step takes and what it holds in memory.</summary>
    public static IReadOnlyList<Setting<LearnOptions>> OfSpeed { get; } =
    [
        .. All.Where(setting => setting.Name is "pattern" or "batch-size" or "micro-batch-size" or "seq-len" or "skip" or "moments"
            or "precision" or "checkpoint-activations" or "hard" or "seed"),
    ];
}
