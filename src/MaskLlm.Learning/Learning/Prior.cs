using MaskLlm.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace MaskLlm.Learning;

/// <summary>The start from a mask that is known already.</summary>
internal static class Prior
{
    /// <summary>p += shift * (&lt;M0, S_i&gt; - mean over i of that), in place.</summary>
    /// <param name="logits">p, (C, G).</param>
    /// <param name="prior">M0, (M, G) of 0 and 1.</param>
    /// <param name="table">S.</param>
    /// <param name="shift">std(p) * alpha.</param>
    /// <remarks>MaskLLM eq. 9-10, where the standard deviation is the layer's, unbiased. The code subtracts 1, which is the mean
    /// for 2:4 only; the mean itself serves every N:M.</remarks>
    internal static void Shift(Tensor logits, Tensor prior, CandidateTensor table, double shift)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor similarity = table.Candidates.matmul(prior);       // (C, G)
        Tensor centred = similarity - similarity.mean([0], keepdim: true);
        logits.PlusInPlace(centred.TimesInPlace(shift));
    }

    /// <summary>The same of items: p += shift * (M0 - N/M), in place.</summary>
    /// <param name="logits">p, (M, G).</param>
    /// <param name="prior">M0, (M, G) of 0 and 1.</param>
    /// <param name="shift">std(p) * alpha.</param>
    internal static void ShiftItems(Tensor logits, Tensor prior, double shift)
    {
        using DisposeScope scope = NewDisposeScope();
        logits.PlusInPlace((prior - prior.mean([0], keepdim: true)).TimesInPlace(shift));
    }
}
