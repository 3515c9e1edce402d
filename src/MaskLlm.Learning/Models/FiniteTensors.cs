using MaskLlm.Numerals;
using static TorchSharp.torch;
using Tensor = TorchSharp.torch.Tensor;

namespace MaskLlm.Models;

/// <summary>The checks of <see cref="Finite"/> for tensors.</summary>
internal static class FiniteTensors
{
    /// <summary>What the weights of a layer are chosen by, float32.</summary>
    internal static void RequireScores(string layer, Tensor scores)
    {
        if (!All(scores)) throw Finite.Scores(layer);
    }

    /// <summary>Weights that are about to be written, in the type of the file.</summary>
    /// <param name="name">Of the weight.</param>
    /// <param name="weight">It.</param>
    /// <exception cref="InvalidDataException">One is NaN or infinite, or was too large for the type.</exception>
    internal static Tensor RequireWritable(string name, Tensor weight) => All(weight) ? weight
        : throw new InvalidDataException(
            $"{name}: its new weights are NaN or infinite in {weight.dtype}, and are not written; {Finite.Cause}.");

    /// <summary>Whether every value is finite.</summary>
    // Both ends are finite unless a value is not, NaN included, and no copy of the values is made.
    internal static bool All(Tensor values)
    {
        (Tensor least, Tensor most) = values.aminmax();
        using (least)
        using (most)
            return double.IsFinite(least.to(ScalarType.Float64).item<double>())
                && double.IsFinite(most.to(ScalarType.Float64).item<double>());
    }
}
