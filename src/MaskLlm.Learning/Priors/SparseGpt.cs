using MaskLlm.Masks;
using MaskLlm.Models;
using MaskLlm.Patterns;
using TorchSharp;
using static TorchSharp.torch;

namespace MaskLlm.Priors;

/// <summary>Optimal brain surgeon a column at a time (SparseGPT, Frantar and Alistarh 2023, arXiv 2301.00774).</summary>
internal static class SparseGpt
{
    private const int BlockColumns = 128;

    /// <summary>Prunes one layer.</summary>
    /// <param name="layer">Its name, for a message.</param>
    /// <param name="weight">(O, I) float32, left as it is.</param>
    /// <param name="hessian">H, (I, I) float32: 2 / sequences * X^T X; its diagonal is changed.</param>
    /// <param name="pattern">N:M.</param>
    /// <param name="updateWeights">Whether the weights that stay make up for those that go, which also decides later groups.</param>
    /// <returns>The mask, and the pruned weight, (O, I) float32, of the caller's scope.</returns>
    /// <exception cref="InvalidDataException">The Hessian has no Cholesky factor at any damping: the inputs are not finite.</exception>
    internal static (Mask Mask, Tensor Weight) Prune(string layer, Tensor weight, Tensor hessian, NmPattern pattern, bool updateWeights)
    {
        using IDisposable noGradient = no_grad();
        using DisposeScope scope = NewDisposeScope();
        Tensor dead = hessian.diagonal().logical_not(), left = weight.clone();
        left.FillInPlace(dead.unsqueeze(0), 0);
        Tensor inverse = InverseFactor.Of(layer, hessian, dead);
        if (!updateWeights)
        {
            Mask mask = LargestOfGroup.Keep(layer, Scores(left, inverse.diagonal()), pattern);
            return (mask, (weight * MaskTensors.ToTensor(mask, weight.device)).MoveToOuterDisposeScope());
        }
        Tensor kept = ones_like(left);
        long columns = left.size(1), block = BlockColumns / pattern.GroupSize * pattern.GroupSize;
        for (long start = 0; start < columns; start += block)
        {
            using DisposeScope blockScope = NewDisposeScope();
            long end = Math.Min(columns, start + block);
            Tensor errors = PruneBlock(layer, left, kept, inverse, start, end, pattern);
            if (end < columns)
                left.narrow(1, end, columns - end).sub_(errors.matmul(inverse.narrow(0, start, end - start).narrow(1, end, columns - end)));
        }
        return (MaskTensors.FromTensor(kept), left.MoveToOuterDisposeScope());
    }

    private static Tensor PruneBlock(string layer, Tensor left, Tensor kept, Tensor inverse, long start, long end, NmPattern pattern)
    {
        Tensor errors = zeros(left.size(0), end - start, device: left.device);
        for (long column = start; column < end; column++)
        {
            using DisposeScope scope = NewDisposeScope();
            if (column % pattern.GroupSize == 0)
            {
                Tensor scores = Scores(left.narrow(1, column, pattern.GroupSize), inverse.diagonal().narrow(0, column, pattern.GroupSize));
                kept.narrow(1, column,
                    pattern.GroupSize).copy_(MaskTensors.ToTensor(LargestOfGroup.Keep(layer, scores, pattern), left.device));
            }
            Tensor old = left.select(1, column), pruned = old * kept.select(1, column);
            Tensor error = (old - pruned) / inverse[column, column];
            left.narrow(1, column, end - column).sub_(error.unsqueeze(1) * inverse.narrow(0, column, 1).narrow(1, column, end - column));
            left.select(1, column).copy_(pruned);
            errors.select(1, column - start).copy_(error);
        }
        return errors.MoveToOuterDisposeScope();
    }

    // What it costs to prune a weight, all later ones making up for it: w^2 / U_ii^2.
    private static Tensor Scores(Tensor weight, Tensor diagonal) => weight.Squared() / diagonal.Squared();
}
