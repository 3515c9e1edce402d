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
        double[] frequencies = RotaryFrequencies.Of(config, headSize, tokens);
        float factor = (float)(config.Scaling?.AttentionFactor ?? 1);
        Tensor cosine = empty(tokens, frequencies.Length, dtype: ScalarType.Float32);
        Tensor sine = empty(tokens, frequencies.Length, dtype: ScalarType.Float32);
        Span<float> cosines = TensorBytes.Floats(cosine), sines = TensorBytes.Floats(sine);
        for (int i = 0; i < cosines.Length; i++)
        {
            // transformers multiplies in float32, and long contexts feel the rounding of the angle.
            float angle = (i / frequencies.Length) * (float)frequencies[i % frequencies.Length];
            (sines[i], cosines[i]) = MathF.SinCos(angle);
            (sines[i], cosines[i]) = (sines[i] * factor, cosines[i] * factor);
        }
        return (cosine.to(device), sine.to(device));
    }

    /// <summary>Turns the pairs of each head's first R dimensions by their position's angle, (i, i + R/2) or neighbours; the others
    /// stay.</summary>
    /// <param name="x">(B, T, H, D).</param>
    /// <param name="cosine">(T, R/2), or (B, T, R/2) where rows have positions of their own.</param>
    /// <param name="sine">The same.</param>
    /// <param name="turnsNeighbours">Whether the pairs are (2i, 2i + 1).</param>
    /// <returns>(B, T, H, D), contiguous, of the caller's scope.</returns>
    internal static Tensor Apply(Tensor x, Tensor cosine, Tensor sine, bool turnsNeighbours = false)
    {
        using DisposeScope scope = NewDisposeScope();
        long turned = 2 * cosine.size(-1), size = x.size(3);
        Tensor all = turned == size ? x : x.narrow(-1, 0, turned);
        Tensor[] halves = turnsNeighbours ? all.unflatten(3, turned / 2, 2).unbind(-1) : all.chunk(2, -1);   // 2 x (B, T, H, R/2)
        Tensor c = cosine.unsqueeze(-2), s = sine.unsqueeze(-2);             // (T, 1, R/2)
        Tensor first = halves[0] * c - halves[1] * s;
        Tensor second = (halves[1] * c).Plus(halves[0] * s);
        Tensor[] parts = turnsNeighbours ? [stack([first, second], -1).flatten(-2)] : [first, second];
        if (turned < size) parts = [.. parts, x.narrow(-1, turned, size - turned)];
        return cat(parts, -1).MoveToOuterDisposeScope();                     // (B, T, H, D)
    }
}
