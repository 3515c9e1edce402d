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
    /// <param name="hessian">H, (I, I) float32, left as it is.</param>
    /// <param name="dead">(I) bool: inputs that are always 0.</param>
    /// <returns>(I, I) float32, of the caller's scope.</returns>
    /// <exception cref="InvalidDataException">There is no factor at any damping: the inputs are not finite.</exception>
    internal static Tensor Of(string layer, Tensor hessian, Tensor dead)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor damped = hessian.clone(), diagonal = damped.diagonal();
        diagonal.FillInPlace(dead, 1);
        double mean = diagonal.to(ScalarType.Float64).mean().item<double>();
        double before = 0;
        for (double damping = Damping; damping <= MostDamping; damping *= 10)
        {
            diagonal.PlusInPlace((damping - before) * mean);
            before = damping;
            (Tensor lower, Tensor failed) = linalg.cholesky_ex(damped);
            if (failed.item<int>() != 0) continue;
            (Tensor factor, Tensor failedAgain) = linalg.cholesky_ex(cholesky_inverse(lower));
            if (failedAgain.item<int>() == 0) return factor.t().contiguous().MoveToOuterDisposeScope();
        }
        throw new InvalidDataException(
            $"{layer}: its inputs have no usable second moments, at any damping; are all numbers of the checkpoint finite?");
    }
}
