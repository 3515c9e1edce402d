using static TorchSharp.torch;

namespace MaskLlm.Models;

/// <summary>A dense model's predictions as part of a loss: (1 - share) * cross-entropy + share * KL(dense || masked).</summary>
/// <param name="Hidden">What the head multiplies in the dense model, (..., D); both models have the same head.</param>
/// <param name="Share">beta, 0 to 1.</param>
internal sealed record Predictions(Tensor Hidden, double Share)
{
    /// <summary>The same of some rows along the first dimension; of the caller's scope.</summary>
    internal Predictions Narrow(long start, long length) => this with { Hidden = Hidden.narrow(0, start, length) };

    /// <summary>The same with one row a token; of the caller's scope.</summary>
    internal Predictions Flat() => this with { Hidden = Hidden.reshape(-1, Hidden.size(-1)) };
}
