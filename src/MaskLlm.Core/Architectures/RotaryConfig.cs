namespace MaskLlm.Architectures;

/// <summary>How positions turn queries and keys (rotary embedding, Su et al. 2021).</summary>
/// <param name="Theta">Base of the frequencies.</param>
/// <param name="Scaling">How the frequencies are stretched for long contexts; null for not at all.</param>
public sealed record RotaryConfig(double Theta, RotaryScaling? Scaling = null);

/// <summary>A stretch of the rotary frequencies.</summary>
/// <param name="Kind">Linear: all are divided by the factor. Llama3: the slow ones are, the fast ones are not, with a ramp between.</param>
/// <param name="Factor">How many times longer the context becomes.</param>
/// <param name="LowFrequencyFactor">Llama3 only: fewer turns than this over the original context count as slow.</param>
/// <param name="HighFrequencyFactor">Llama3 only: more turns than this over the original context count as fast.</param>
/// <param name="OriginalMaxPositions">Llama3 only: context length in tokens before the stretch.</param>
public sealed record RotaryScaling(
    RotaryScalingKind Kind, double Factor, double LowFrequencyFactor = 1, double HighFrequencyFactor = 4, int OriginalMaxPositions = 8192);

/// <summary>The kinds of rotary scaling that are known.</summary>
public enum RotaryScalingKind
{
    /// <summary>All frequencies divided by the factor.</summary>
    Linear,

    /// <summary>Llama 3.1's scaling by wavelength.</summary>
    Llama3,
}
