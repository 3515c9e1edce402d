using MaskLlm.Models;
using static TorchSharp.torch;

namespace MaskLlm.Priors;

/// <summary>Scores of weights by their size and that of their inputs; the largest of each group stay.</summary>
internal static class ActivationScores
{
    // The exponent of the inputs' norm in RIA, as its authors use it.
    private const double RiaExponent = 0.5;

    /// <summary>|W| * ||X||_2 (Sun et al. 2023, arXiv 2306.11695).</summary>
    /// <param name="weight">(O, I) float32.</param>
    /// <param name="squaredNorms">(I): sum of squares of each input.</param>
    internal static Tensor Wanda(Tensor weight, Tensor squaredNorms) => weight.abs() * squaredNorms.sqrt();

    /// <summary>The same over the root of its mean square in the row, whose output all its weights share; 0 in a row of zeros.</summary>
    internal static Tensor OfRow(Tensor weight, Tensor squaredNorms)
    {
        Tensor scores = Wanda(weight, squaredNorms);
        return (scores / scores.Squared().mean([1], keepdim: true).sqrt()).nan_to_num(0);
    }

    /// <summary>(|W| / its row's sum + |W| / its column's sum) * ||X||_2^0.5 (Zhang et al. 2024, relative importance and activations, without permutation of channels).</summary>
    /// <param name="weight">(O, I) float32.</param>
    /// <param name="squaredNorms">(I): sum of squares of each input.</param>
    internal static Tensor Ria(Tensor weight, Tensor squaredNorms)
    {
        Tensor size = weight.abs();
        return Share(size, 1).Plus(Share(size, 0)) * squaredNorms.sqrt().Power(RiaExponent);
    }

    // 0 / 0 of a row or column of zeros is 0: NaN has no rank.
    private static Tensor Share(Tensor size, long dimension) => (size / size.sum(dimension, keepdim: true)).nan_to_num(0);
}
