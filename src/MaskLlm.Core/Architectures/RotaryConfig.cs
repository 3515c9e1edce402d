namespace MaskLlm.Architectures;

/// <summary>How positions turn queries and keys (rotary embedding, Su et al. 2021).</summary>
/// <param name="Theta">Base of the frequencies.</param>
/// <param name="Scaling">How the frequencies are stretched for long contexts; null for not at all.</param>
/// <param name="Fraction">Of a head's dimensions that are turned: the first ones.</param>
public sealed record RotaryConfig(double Theta, RotaryScaling? Scaling = null, double Fraction = 1)
{
    /// <summary>Whether the pairs that are turned are neighbours, (2i, 2i + 1), and not (i, i + half).</summary>
    public bool TurnsNeighbours { get; init; }

    /// <summary>Dimensions of a head that are to be turned, which the frequencies go by.</summary>
    /// <param name="headSize">All of them.</param>
    internal int Dimensions(int headSize) => (int)(headSize * Fraction);

    /// <summary>Pairs that are turned: an odd dimension takes the next one with it, as in transformers.</summary>
    /// <param name="headSize">Dimensions of a head.</param>
    internal int Pairs(int headSize) => (Dimensions(headSize) + 1) / 2;
}

/// <summary>A stretch of the rotary frequencies.</summary>
/// <param name="Kind">Which.</param>
/// <param name="Factor">How many times longer the context becomes.</param>
/// <param name="LowFrequencyFactor">Llama3 only: fewer turns than this over the original context count as slow.</param>
/// <param name="HighFrequencyFactor">Llama3 only: more turns than this over the original context count as fast.</param>
/// <param name="OriginalMaxPositions">Context length in tokens before the stretch; of no use to Linear.</param>
public sealed record RotaryScaling(
    RotaryScalingKind Kind, double Factor, double LowFrequencyFactor = 1, double HighFrequencyFactor = 4, int OriginalMaxPositions = 8192)
{
    /// <summary>Yarn only: more turns than this over the original context are not slowed.</summary>
    public double BetaFast { get; init; } = 32;

    /// <summary>Yarn only: fewer turns than this are slowed by the whole factor.</summary>
    public double BetaSlow { get; init; } = 1;

    /// <summary>Yarn only: whether the ends of the ramp between the two are whole pairs.</summary>
    public bool Truncate { get; init; } = true;

    /// <summary>Multiplies cosines and sines.</summary>
    public double AttentionFactor { get; init; } = 1;

    /// <summary>LongRope only: what slows each pair in texts of the original length.</summary>
    public IReadOnlyList<double> ShortFactors { get; init; } = [];

    /// <summary>LongRope only: the same in longer texts.</summary>
    public IReadOnlyList<double> LongFactors { get; init; } = [];

    /// <summary>Whether the frequencies are others in texts longer than <see cref="OriginalMaxPositions"/>.</summary>
    internal bool DependsOnLength => Kind is RotaryScalingKind.Dynamic or RotaryScalingKind.LongRope;
}

/// <summary>The kinds of rotary scaling that are known.</summary>
public enum RotaryScalingKind
{
    /// <summary>All frequencies divided by the factor.</summary>
    Linear,

    /// <summary>Llama 3.1's scaling by wavelength: the slow are divided, the fast are not, with a ramp between.</summary>
    Llama3,

    /// <summary>YaRN (Peng et al. 2023): a ramp over the pairs.</summary>
    Yarn,

    /// <summary>LongRoPE (Ding et al. 2024): a factor for each pair.</summary>
    LongRope,

    /// <summary>A base that grows with the text once it is longer than the original.</summary>
    Dynamic,
}
