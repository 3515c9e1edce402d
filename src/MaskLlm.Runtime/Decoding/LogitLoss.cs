using System.Numerics.Tensors;

namespace MaskLlm.Decoding;

/// <summary>The negative log-likelihood of a token.</summary>
internal static class LogitLoss
{
    /// <param name="logits">(V).</param>
    /// <param name="id">The token.</param>
    /// <param name="scratch">As long; overwritten.</param>
    /// <returns>In nats.</returns>
    internal static double Of(ReadOnlySpan<float> logits, int id, Span<float> scratch)
    {
        float largest = TensorPrimitives.Max(logits);
        TensorPrimitives.Subtract(logits, largest, scratch);
        TensorPrimitives.Exp(scratch, scratch);
        return Math.Log(TensorPrimitives.Sum<float>(scratch)) + largest - logits[id];
    }
}
