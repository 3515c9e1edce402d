namespace MaskLlm.Architectures;

/// <summary>How fast each pair of a head's dimensions turns with its position.</summary>
internal static class RotaryFrequencies
{
    /// <summary>The angular frequency of each pair of dimensions, in radians a token.</summary>
    /// <param name="config">Base and scaling.</param>
    /// <param name="headSize">Dimensions of a head; half as many pairs.</param>
    /// <remarks>Llama 3 scaling as in transformers' <c>rope_type: llama3</c>: wavelengths longer than
    /// original / low are slowed by the factor, shorter than original / high are kept, and between them the two are mixed linearly.</remarks>
    internal static double[] Of(RotaryConfig config, int headSize)
    {
        double[] frequencies = new double[headSize / 2];
        for (int pair = 0; pair < frequencies.Length; pair++)
            frequencies[pair] = Scale(Math.Pow(config.Theta, -2.0 * pair / headSize), config.Scaling);
        return frequencies;
    }

    private static double Scale(double frequency, RotaryScaling? scaling)
    {
        if (scaling is null) return frequency;
        if (scaling.Kind == RotaryScalingKind.Linear) return frequency / scaling.Factor;
        double turns = scaling.OriginalMaxPositions * frequency / (2 * Math.PI);
        double kept = Math.Clamp(
            (turns - scaling.LowFrequencyFactor) / (scaling.HighFrequencyFactor - scaling.LowFrequencyFactor), 0, 1);
        return frequency * (kept + (1 - kept) / scaling.Factor);
    }
}
