using TorchSharp;
using static TorchSharp.torch;

namespace MaskLlm.Models;

/// <summary>What makes logits of the last hidden state.</summary>
/// <param name="Layer">Its weight is (V, D).</param>
/// <param name="Bias">(V), or null.</param>
/// <param name="Divisor">Divides the logits.</param>
/// <param name="SoftCap">c of c tanh(x / c), which they then go through; null for none.</param>
internal sealed record VocabularyHead(LinearLayer Layer, Tensor? Bias = null, double Divisor = 1, double? SoftCap = null)
{
    /// <param name="hidden">(..., D).</param>
    /// <returns>(..., V) in its type, of the caller's scope.</returns>
    internal Tensor Call(Tensor hidden)
    {
        using IDisposable held = Layer.Hold();
        using DisposeScope scope = NewDisposeScope();
        Tensor logits = nn.functional.linear(hidden, Layer.Weight, Bias);
        if (Divisor != 1) logits = logits.Times(1 / Divisor);
        return Activations.Capped(logits, SoftCap).MoveToOuterDisposeScope();
    }
}
