namespace MaskLlm.Architectures;

/// <summary>How fast each pair of a head's dimensions turns with its position, as in transformers.</summary>
internal static class RotaryFrequencies
{
    /// <summary>The angular frequency of each pair that is turned, in radians a token.</summary>
    /// <param name="config">Base and scaling.</param>
    /// <param name="headSize">Dimensions of a head.</param>
    /// <param name="tokens">The text's length, which some scalings depend on.</param>
    internal static double[] Of(RotaryConfig config, int headSize, int tokens = 0)
    {
        int turned = config.Dimensions(headSize);
        double theta = config.Scaling is { Kind: RotaryScalingKind.Dynamic } dynamic ? Grown(config.Theta, dynamic, turned, tokens)
            : config.Theta;
        double[] frequencies = new double[config.Pairs(headSize)];
        for (int pair = 0; pair < frequencies.Length; pair++)
            frequencies[pair] = Scale(Math.Pow(theta, -2.0 * pair / turned), config, turned, pair, tokens);
        return frequencies;
    }

    private static double Scale(double frequency, RotaryConfig config, int turned, int pair, int tokens) => config.Scaling switch
    {
        null or { Kind: RotaryScalingKind.Dynamic } => frequency,
        { Kind: RotaryScalingKind.Linear } linear => frequency / linear.Factor,
        { Kind: RotaryScalingKind.Llama3 } llama => Llama3(frequency, llama),
        { Kind: RotaryScalingKind.LongRope } longer =>
            frequency / (tokens > longer.OriginalMaxPositions ? longer.LongFactors : longer.ShortFactors)[pair],
        { } yarn => Yarn(frequency, yarn, config.Theta, turned, pair),
    };

    // Wavelengths longer than original / low are slowed by the factor, shorter than original / high are kept, and between them mixed.
    private static double Llama3(double frequency, RotaryScaling scaling)
    {
        double turns = scaling.OriginalMaxPositions * frequency / (2 * Math.PI);
        double kept = Math.Clamp(
            (turns - scaling.LowFrequencyFactor) / (scaling.HighFrequencyFactor - scaling.LowFrequencyFactor), 0, 1);
        return frequency * (kept + (1 - kept) / scaling.Factor);
    }

    private static double Yarn(double frequency, RotaryScaling scaling, double theta, int turned, int pair)
    {
        // The pair that makes so many turns over the original context.
        double PairOf(double turns) => turned * Math.Log(scaling.OriginalMaxPositions / (turns * 2 * Math.PI)) / (2 * Math.Log(theta));
        (double low, double high) = (PairOf(scaling.BetaFast), PairOf(scaling.BetaSlow));
        if (scaling.Truncate) (low, high) = (Math.Floor(low), Math.Ceiling(high));
        (low, high) = (Math.Max(low, 0), Math.Min(high, turned - 1));
        if (low == high) high += 0.001;
        double slowed = Math.Clamp((pair - low) / (high - low), 0, 1);
        return frequency * (1 - slowed + slowed / scaling.Factor);
    }

    private static double Grown(double theta, RotaryScaling scaling, int turned, int tokens)
    {
        double length = Math.Max(tokens, scaling.OriginalMaxPositions) / (double)scaling.OriginalMaxPositions;
        return theta * Math.Pow(scaling.Factor * length - (scaling.Factor - 1), turned / (turned - 2.0));
    }
}
