using MaskLlm.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace MaskLlm.Learning;

/// <summary>The mask of groups whose logits are of items: N of M are drawn without replacement, one after another.</summary>
internal static class ItemMask
{
    // A weight that is as good as drawn leaves the next draws; its logarithm stays finite.
    private const float LeastLeft = 1e-7f;

    /// <summary>The relaxed draw: the sum of N softmaxes, each over what the ones before left.</summary>
    /// <param name="scores">kappa p + g, (M, G) float32.</param>
    /// <param name="kept">N.</param>
    /// <param name="tau">Temperature.</param>
    /// <returns>(M, G), N in every column.</returns>
    /// <remarks>Xie and Ermon 2019, algorithm 1: s += log(1 - y) before each further draw.</remarks>
    internal static Tensor Relaxed(Tensor scores, int kept, double tau)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor drawn = scores.Over(tau).softmax(0), mask = drawn;
        for (int draw = 1; draw < kept; draw++)
        {
            scores = scores.Plus(drawn.neg().Plus(1).AtLeast(LeastLeft).log());
            drawn = scores.Over(tau).softmax(0);
            mask = mask.Plus(drawn);
        }
        return mask.MoveToOuterDisposeScope();
    }

    /// <summary>1 for the N largest of every group, 0 for the others; of equal ones the first stay.</summary>
    /// <param name="scores">(M, G).</param>
    /// <param name="kept">N.</param>
    /// <returns>(M, G), like <paramref name="scores"/>.</returns>
    internal static Tensor Largest(Tensor scores, int kept)
    {
        using DisposeScope scope = NewDisposeScope();
        long size = scores.size(0);
        Tensor rank = zeros_like(scores);
        for (long item = 0; item < size; item++)
        {
            Tensor one = scores.narrow(0, item, 1);
            // Before it come the larger ones, and the equal ones of lower index.
            if (item > 0) rank.narrow(0, item, 1).PlusInPlace(scores.narrow(0, 0, item).ge(one).sum(0, keepdim: true));
            if (item + 1 < size) rank.narrow(0, item, 1).PlusInPlace(scores.narrow(0, item + 1, size - item - 1).gt(one).sum(0, keepdim: true));
        }
        return rank.Below(kept).to(scores.dtype).MoveToOuterDisposeScope();
    }
}
