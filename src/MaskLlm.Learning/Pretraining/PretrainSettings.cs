using MaskLlm.Numerals;
using MaskLlm.Settings;
using Of = MaskLlm.Settings.SettingsOf<MaskLlm.Pretraining.PretrainOptions>;

namespace MaskLlm.Pretraining;

/// <summary>The settings of <see cref="PretrainOptions"/>.</summary>
public static class PretrainSettings
{
    /// <summary>All of them.</summary>
    public static IReadOnlyList<Setting<PretrainOptions>> All { get; } =
    [
        Of.Number(OptionRanges.Steps, options => options.Steps, (options, value) => options with { Steps = value }, "Optimizer steps."),
        Of.Number(OptionRanges.BatchSize, options => options.BatchSize, (options, value) => options with { BatchSize = value },
            "Sequences a step."),
        Of.Number(OptionRanges.SequenceLength, options => options.SequenceLength,
            (options, value) => options with { SequenceLength = value }, "Predicted tokens a sequence."),
        Of.Number(OptionRanges.LearningRate, options => options.LearningRate, (options, value) => options with { LearningRate = value },
            "Peak; a cosine takes it to a tenth."),
        Of.Number(OptionRanges.WarmupSteps, options => options.WarmupSteps, (options, value) => options with { WarmupSteps = value },
            "Steps in which the learning rate rises to its peak."),
        Of.Number(OptionRanges.WeightDecay, options => options.WeightDecay, (options, value) => options with { WeightDecay = value },
            "Decoupled weight decay on matrices."),
        Of.Number(OptionRanges.ClipNorm, options => options.ClipNorm, (options, value) => options with { ClipNorm = value },
            "The gradient is clipped to this norm."),
        Of.Number(OptionRanges.Seed, options => options.Seed, (options, value) => options with { Seed = value },
            "Seed of the first weights and of the order of the data."),
    ];
}
