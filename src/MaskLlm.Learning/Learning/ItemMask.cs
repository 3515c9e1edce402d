using MaskLlm.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace MaskLlm.Learning;

/// <summary>The mask of groups whose logits are of items: N of M are kept, none of them twice.</summary>
internal static class ItemMask
{
    // Further from the border than this no item's probability is seen to move: exp(-30) is less than float32 keeps beside 1.
    private const double FarFromBorder = 30;

    // The logarithm of no way at all, finite because infinities have no gradients.
    private const double Never = -1e30;

    /// <summary>How often each item is kept, when N of them are with probability proportional to the product of their exp(score /
    /// tau).</summary>
    /// <param name="scores">kappa p + g, (M, G) float32.</param>
    /// <param name="kept">N.</param>
    /// <param name="tau">Temperature.</param>
    /// <returns>(M, G) in [0, 1], N in every column.</returns>
    /// <remarks>
    /// The temperature falling, it becomes the N largest scores; with Gumbel noise in them that is a draw of N without replacement (Kool et
    /// al. 2019).
    /// The marginals of all masks of a group whose logits are sums of their items' (Chen, Dempster and Liu 1994), by elementary symmetric
    /// polynomials in logarithms. The sum of N softmaxes in turn (Xie and Ermon 2019) was no good: at a temperature of 1 it counts the
    /// first item one and a half times.
    /// </remarks>
    internal static Tensor Relaxed(Tensor scores, int kept, double tau)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor tempered = scores.Over(tau);
        Tensor border = tempered.detach().topk(kept + 1, 0).values.narrow(0, kept - 1, 2).mean([0], keepdim: true);   // (1, G)
        Tensor[] weights = (tempered - border).AtLeast(-FarFromBorder).AtMost(FarFromBorder).split(1, 0);               // M x (1, G)
        Tensor[] before = Ways(weights, kept), after = Ways([.. weights.Reverse()], kept);
        Tensor[] withItem = [.. weights.Select((weight, item) =>
            weight.Plus(before[item].Plus(after[weights.Length - 1 - item].flip(0)).logsumexp(0, keepdim: true)))];
        return cat(withItem, 0).softmax(0).Times(kept).MoveToOuterDisposeScope();
    }

    // Entry i: the log of the summed weights of all sets of 0, 1 ... kept - 1 of the first i items, (kept, G).
    private static Tensor[] Ways(Tensor[] weights, int kept)
    {
        Tensor none = zeros_like(weights[0]), never = none.Plus(Never);
        Tensor[] ways = new Tensor[weights.Length];
        ways[0] = cat([none, .. Enumerable.Repeat(never, kept - 1)], 0);
        for (int item = 1; item < weights.Length; item++)
        {
            Tensor with = cat([never, ways[item - 1].narrow(0, 0, kept - 1)], 0).Plus(weights[item - 1]);
            ways[item] = logaddexp(ways[item - 1], with);
        }
        return ways;
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
            if (item + 1 < size)
                rank.narrow(0, item, 1).PlusInPlace(scores.narrow(0, item + 1, size - item - 1).gt(one).sum(0, keepdim: true));
        }
        return rank.Below(kept).to(scores.dtype).MoveToOuterDisposeScope();
    }
}
