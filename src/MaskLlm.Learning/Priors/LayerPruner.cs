using MaskLlm.Masks;
using MaskLlm.Models;
using static TorchSharp.torch;

namespace MaskLlm.Priors;

/// <summary>The mask of one layer, and what its weights become.</summary>
internal static class LayerPruner
{
    /// <summary>Prunes.</summary>
    /// <param name="method">How.</param>
    /// <param name="layer">Whose matrix it is.</param>
    /// <param name="part">Which of its matrices.</param>
    /// <param name="weight">(O, I) float32.</param>
    /// <param name="inputs">Of the calibration.</param>
    /// <param name="heldOut">Of the part of it that decides what is kept of what was solved for.</param>
    /// <param name="cancellation">Stops between steps.</param>
    /// <returns>The mask, and the weight, (O, I) float32, of the caller's scope.</returns>
    /// <exception cref="InvalidDataException">The inputs are not finite.</exception>
    internal static (Mask Mask, Tensor Weight) Prune(PruneMethod method, LinearLayer layer, int part, Tensor weight, LayerInputs inputs,
        LayerInputs? heldOut, CancellationToken cancellation)
    {
        string name = layer.Name;
        if (method.Rounding is { } rounding) return rounding.Round(name, part, weight, inputs.Hessian());
        if (method is { Name: PruneRun.SparseGptMethod, Update: WeightUpdate.Own })
            return SparseGpt.Prune(name, weight, inputs.Hessian(), method.Pattern, updateWeights: true);
        Mask mask = MaskOf(method, name, part, weight, inputs);
        Tensor zeroOne = MaskTensors.ToTensor(mask, weight.device), masked = weight * zeroOne;
        if (!method.Solves) return (mask, masked);
        using LayerProblem problem = new(name, weight, inputs);
        List<(Mask, Tensor)> found = [(mask, masked), (mask, problem.Exact(zeroOne, masked))];
        if (method.Name == PruneRun.AdmmMethod) found.Add(problem.Together(method.Pattern, LayerProblem.UsualSteps, cancellation));
        return found.MinBy(each => (heldOut ?? inputs).Error(each.Item2, weight));
    }

    // What admm must be better than is Wanda's.
    private static Mask MaskOf(PruneMethod method, string name, int part, Tensor weight, LayerInputs inputs) => method.Name switch
    {
        PruneRun.MaskMethod => method.Masks![name].RowsFrom(part * (int)weight.size(0), (int)weight.size(0)),
        PruneRun.MagnitudeMethod => LargestOfGroup.Keep(name, weight.abs(), method.Pattern),
        PruneRun.SparseGptMethod => SparseGpt.Prune(name, weight, inputs.Hessian(), method.Pattern, updateWeights: false).Mask,
        PruneRun.RiaMethod => LargestOfGroup.Keep(name, ActivationScores.Ria(name, weight, inputs.SquaredNorms()), method.Pattern),
        _ => LargestOfGroup.Keep(name, ActivationScores.Wanda(weight, inputs.SquaredNorms()), method.Pattern),
    };
}
