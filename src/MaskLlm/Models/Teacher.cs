using static TorchSharp.torch;

namespace MaskLlm.Models;

/// <summary>A model whose predictions another learns: the loss is (1 - share) * cross-entropy + share * KL(teacher || model) (Hinton et al. 2015, temperature 1).</summary>
/// <param name="Hidden">What the head multiplies in the teacher, (..., D); both models have the same head.</param>
/// <param name="Share">beta, 0 to 1.</param>
internal sealed record Teacher(Tensor Hidden, double Share)
{
    /// <summary>The same of some rows along the first dimension; of the caller's scope.</summary>
    internal Teacher Narrow(long start, long length) => this with { Hidden = Hidden.narrow(0, start, length) };
}
