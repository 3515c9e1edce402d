using TorchSharp;
using static TorchSharp.torch;

namespace MaskLlm.Models;

/// <summary>Rotary position embedding: tables of cosines and sines, and the turn itself.</summary>
internal static class RotaryEmbedding
{
    /// <summary>The angular frequency of each pair of dimensions, in radians a token.</summary>
    /// <param name="config">Base and scaling.</param>
    /// <param name="headSize">Dimensions of a head; half as many pairs.</param>
    /// <remarks>Llama 3 scaling as in transformers' <c>rope_type: llama3</c>: wavelengths longer than
    /// original / low are slowed by the factor, shorter than original / high are kept, and between them the two are mixed linearly.</remarks>
    internal static double[] Frequencies(RotaryConfig config, int headSize)
    {
        double[] frequencies = new double[headSize / 2];
        for (int pair = 0; pair < frequencies.Length; pair++)
            frequencies[pair] = Scale(Math.Pow(config.Theta, -2.0 * pair / headSize), config.Scaling);
        return frequencies;
    }

    /// <summary>Cosine and sine of every position and pair, each (T, D/2) float32.</summary>
    internal static (Tensor Cosine, Tensor Sine) Tables(RotaryConfig config, int headSize, int tokens, Device device)
    {
        double[] frequencies = Frequencies(config, headSize);
        Tensor cosine = empty(tokens, frequencies.Length, dtype: ScalarType.Float32);
        Tensor sine = empty(tokens, frequencies.Length, dtype: ScalarType.Float32);
        Span<float> cosines = TensorBytes.Floats(cosine), sines = TensorBytes.Floats(sine);
        for (int i = 0; i < cosines.Length; i++)
        {
            // transformers multiplies in float32, and long contexts feel the rounding of the angle.
            float angle = (i / frequencies.Length) * (float)frequencies[i % frequencies.Length];
            (sines[i], cosines[i]) = MathF.SinCos(angle);
        }
        return (cosine.to(device), sine.to(device));
    }

    /// <summary>Turns the pairs (i, i + D/2) of each head by their position's angle.</summary>
    /// <param name="x">(B, T, H, D).</param>
    /// <param name="cosine">(T, D/2).</param>
    /// <param name="sine">(T, D/2).</param>
    /// <returns>(B, T, H, D), contiguous, of the caller's scope.</returns>
    internal static Tensor Apply(Tensor x, Tensor cosine, Tensor sine)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor[] halves = x.chunk(2, -1);                                    // 2 x (B, T, H, D/2)
        Tensor c = cosine.unsqueeze(1), s = sine.unsqueeze(1);               // (T, 1, D/2)
        Tensor first = halves[0] * c - halves[1] * s;
        Tensor second = (halves[1] * c).Plus(halves[0] * s);
        return cat([first, second], -1).MoveToOuterDisposeScope();        // (B, T, H, D)
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
