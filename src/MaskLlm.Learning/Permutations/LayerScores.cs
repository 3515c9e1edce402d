using MaskLlm.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace MaskLlm.Permutations;

/// <summary>What a layer's weights are worth: the squares of Wanda's scores, as shares of the layer's sum.</summary>
internal static class LayerScores
{
    /// <summary>W^2 ||X||^2 over its sum; 0 in a layer that gives only zeros.</summary>
    /// <param name="layer">Weight (O, I).</param>
    /// <param name="squares">(I): sum of squares of each input; of a layer of several matrices (parts, I).</param>
    /// <returns>(O, I) float32 on the CPU, of the caller's scope.</returns>
    /// <exception cref="InvalidDataException">They are not finite.</exception>
    internal static Tensor Of(LinearLayer layer, Tensor squares)
    {
        using IDisposable noGradient = no_grad();
        using DisposeScope scope = NewDisposeScope();
        Tensor scores = layer.Weight.to(ScalarType.Float32).Squared() * layer.ByRow(squares);
        FiniteTensors.RequireScores(layer.Name, scores);
        double sum = scores.sum(ScalarType.Float64).item<double>();
        return (sum > 0 ? scores.Times(1 / sum) : scores).cpu().contiguous().MoveToOuterDisposeScope();
    }

    /// <summary>The scores by channel.</summary>
    /// <param name="scores">(R, C) float32 on the CPU, contiguous.</param>
    internal static ColumnScores ByChannel(Tensor scores)
    {
        ColumnScores columns = new((int)scores.size(1), (int)scores.size(0));
        columns.Add(TensorBytes.Floats(scores));
        return columns;
    }
}
