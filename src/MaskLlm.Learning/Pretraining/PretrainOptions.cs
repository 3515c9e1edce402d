using MaskLlm.Settings;

namespace MaskLlm.Pretraining;

/// <summary>How a dense model is trained from scratch.</summary>
public sealed record PretrainOptions
{
    /// <summary>Optimizer steps.</summary>
    public int Steps { get; init; } = 3000;

    /// <summary>Sequences a step.</summary>
    public int BatchSize { get; init; } = 32;

    /// <summary>Predicted tokens a sequence.</summary>
    public int SequenceLength { get; init; } = 256;

    /// <summary>Peak learning rate of AdamW; a cosine takes it to a tenth.</summary>
    public double LearningRate { get; init; } = 2e-3;

    /// <summary>Decoupled weight decay on matrices; norms have none.</summary>
    public double WeightDecay { get; init; } = 0.1;

    /// <summary>The gradient is clipped to this norm.</summary>
    public double ClipNorm { get; init; } = 1;

    /// <summary>Steps of linear warm-up.</summary>
    public int WarmupSteps { get; init; } = 100;

    /// <summary>Seed of the first weights and of the order of the data.</summary>
    public ulong Seed { get; init; }

    /// <summary>Checks the numbers.</summary>
    /// <exception cref="ArgumentException">One of them makes no sense.</exception>
    public void Validate()
    {
        foreach (Setting<PretrainOptions> setting in PretrainSettings.All) setting.Require(this);
    }
}
