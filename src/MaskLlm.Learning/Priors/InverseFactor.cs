using MaskLlm.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace MaskLlm.Priors;

/// <summary>What says how later inputs of a layer can make up for a change of an earlier one's weight.</summary>
internal static class InverseFactor
{
    private const double Damping = 0.01, MostDamping = 10;

    /// <summary>U of H^-1 = U^T U, upper; more damping where the factorisation fails.</summary>
    /// <param name="layer">Its name, for a message.</param>
    /// <param name="hessian">H, (I, I) float32; its diagonal is damped in place, since in a wide layer a copy is what memory lacks.</param>
    /// <param name="dead">(I) bool: inputs that are always 0.</param>
    /// <returns>(I, I) float32, of the caller's scope.</returns>
    /// <exception cref="InvalidDataException">There is no factor at any damping: the inputs are not finite.</exception>
    internal static Tensor Of(string layer, Tensor hessian, Tensor dead)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor diagonal = hessian.diagonal();
        diagonal.FillInPlace(dead, 1);
        double mean = diagonal.to(ScalarType.Float64).mean().item<double>();
        double before = 0;
        for (double damping = Damping; damping <= MostDamping; damping *= 10)
        {
            diagonal.PlusInPlace((damping - before) * mean);
            before = damping;
            if (Lower(hessian) is not { } lower) continue;
            Tensor inverse = cholesky_inverse(lower);
            lower.Dispose();
            Tensor? factor = Lower(inverse);
            inverse.Dispose();
            if (factor is not null) return factor.t().contiguous().MoveToOuterDisposeScope();
        }
        throw new InvalidDataException(
            $"{layer}: its inputs have no usable second moments, at any damping; are all numbers of the checkpoint finite?");
    }

    // Null where there is none.
    private static Tensor? Lower(Tensor matrix)
    {
        (Tensor lower, Tensor failed) = linalg.cholesky_ex(matrix);
        if (failed.item<int>() == 0) return lower;
        lower.Dispose();
        return null;
    }
}
