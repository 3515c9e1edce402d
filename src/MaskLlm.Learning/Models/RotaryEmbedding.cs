using MaskLlm.Architectures;
using TorchSharp;
using static TorchSharp.torch;

namespace MaskLlm.Models;

/// <summary>Rotary position embedding: tables of cosines and sines, and the turn itself.</summary>
internal static class RotaryEmbedding
{
    /// <summary>Cosine and sine of every position and pair, each (T, D/2) float32.</summary>
    internal static (Tensor Cosine, Tensor Sine) Tables(RotaryConfig config, int headSize, int tokens, Device device)
    {
        double[] frequencies = RotaryFrequencies.Of(config, headSize);
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
}
