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
    /// <exception cref="InvalidDataException">They are not finite.</exception>
    internal static Tensor OfRow(string layer, Tensor weight, Tensor squaredNorms)
    {
        Tensor scores = Wanda(weight, squaredNorms);
        return Ratio(layer, scores, scores.Squared().mean([1], keepdim: true).sqrt());
    }

    /// <summary>(|W| / its row's sum + |W| / its column's sum) * ||X||_2^0.5 (Zhang et al. 2024, relative importance and activations,
    /// without permutation of channels).</summary>
    /// <param name="layer">Its name, for a message.</param>
    /// <param name="weight">(O, I) float32.</param>
    /// <param name="squaredNorms">(I): sum of squares of each input.</param>
    /// <exception cref="InvalidDataException">They are not finite.</exception>
    internal static Tensor Ria(string layer, Tensor weight, Tensor squaredNorms)
    {
        Tensor size = weight.abs();
        return Share(layer, size, 1).Plus(Share(layer, size, 0)) * squaredNorms.sqrt().Power(RiaExponent);
    }

    private static Tensor Share(string layer, Tensor size, long dimension) => Ratio(layer, size, size.sum(dimension, keepdim: true));

    // 0 / 0 of a row or column of zeros is 0. A sum that is infinite would make 0 of every other value too, and one that is NaN has no
    // rank.
    private static Tensor Ratio(string layer, Tensor values, Tensor whole)
    {
        FiniteTensors.RequireScores(layer, whole);
        return (values / whole).nan_to_num(0);
    }
}
