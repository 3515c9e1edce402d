using System.Globalization;
using MaskLlm.Machine;
using MaskLlm.Masks;
using MaskLlm.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace MaskLlm.Priors;

/// <summary>Which layers stay dense under a budget of weights: those whose pruning costs most a weight.</summary>
internal static class DenseLayers
{
    private const string Option = "`DenseShare`";
    private const int MostSequences = 64;

    /// <summary>Prunes all layers once, looks at what that costs in each, and chooses.</summary>
    /// <param name="model">Dense before and after; not looked at without sequences.</param>
    /// <param name="method">How layers are pruned.</param>
    /// <param name="layers">Those that could be.</param>
    /// <param name="sequences">Token ids, of which some are looked at; none: the weights alone decide, by the share of its squares that a
    /// layer loses.</param>
    /// <param name="share">The most of the layers' weights that stays dense, 0 to below 1.</param>
    /// <param name="progress">Told of every block and sequence.</param>
    /// <param name="cancellation">Stops between them.</param>
    /// <returns>In the order of the layers; never all of them.</returns>
    /// <exception cref="ArgumentException">The sequences have one token.</exception>
    /// <exception cref="InsufficientMemoryException">The changed weights, or a block's statistics, do not fit.</exception>
    /// <exception cref="OperationCanceledException">Stopped.</exception>
    internal static IReadOnlyList<LinearLayer> Choose(Decoder? model, PruneMethod method, IReadOnlyList<LinearLayer> layers,
        IReadOnlyList<int[]> sequences, double share, IProgress<Progress>? progress, CancellationToken cancellation)
    {
        if (share == 0) return [];
        if (sequences.Count == 0) return Within(share, layers, LostSquares(method, layers));
        if (sequences[0].Length < 2)
            throw new ArgumentException($"{Option} looks at what is predicted, and `SequenceLength` is {sequences[0].Length}; 2 or more is "
                + $"needed.");
        if (model!.IsStreamed)
            throw new InsufficientMemoryException($"{Option} compares all layers of a model that is in memory, and this one is read block "
                + $"by block (`Stream`); leave it out.");
        AvailableMemory.Require(layers.Sum(layer => layer.Weight.NumberOfElements * layer.Weight.ElementSize),
            $"{Option} with the changes of {layers.Count} layers", "leave it out");
        int[][] some = [.. sequences.Take(MostSequences)];
        Dictionary<string, Tensor> changes = new(StringComparer.Ordinal);
        try
        {
            OneShot.Run(model, method with { TrainsBlocks = false }, layers, some, Option, "leave it out", "choosing what stays dense",
                pruned => changes.Add(pruned.Layer.Name, pruned.Weight.Plus(pruned.Dense, -1).DetachFromDisposeScope()), progress,
                cancellation);
            return Within(share, layers, ChangeLosses.Of(model, changes, some, progress, cancellation));
        }
        finally
        {
            foreach (Tensor change in changes.Values) change.Dispose();
        }
    }

    /// <summary>The layers with the largest loss a weight that fit the budget together; of equal ones the earlier.</summary>
    internal static IReadOnlyList<LinearLayer> Within(double share, IReadOnlyList<LinearLayer> layers,
        IReadOnlyDictionary<string, double> losses)
    {
        double left = Math.Floor(share * layers.Sum(Weights));
        HashSet<LinearLayer> chosen = [];
        foreach (LinearLayer layer in layers.OrderByDescending(layer => losses[layer.Name] / Weights(layer)))
        {
            if (Weights(layer) > left) continue;
            left -= Weights(layer);
            chosen.Add(layer);
        }
        return [.. layers.Where(chosen.Contains)];
    }

    internal static long Weights(LinearLayer layer) => (long)layer.Rows * layer.Columns;

    /// <summary>What to say where the budget is smaller than any layer; null where something stays dense.</summary>
    internal static string? Warning(double share, IReadOnlyList<LinearLayer> layers, IReadOnlyList<LinearLayer> dense)
    {
        if (share == 0 || dense.Count > 0) return null;
        LinearLayer smallest = layers.MinBy(Weights)!;
        double least = (double)Weights(smallest) / layers.Sum(Weights);
        return string.Create(CultureInfo.InvariantCulture, $"{Option} {share} is less than the smallest layer, {smallest.Name}, which has "
            + $"{least:0.0000} of the weights: nothing stays dense.");
    }

    private static Dictionary<string, double> LostSquares(PruneMethod method, IReadOnlyList<LinearLayer> layers)
    {
        Dictionary<string, double> losses = new(StringComparer.Ordinal);
        foreach ((string name, Mask mask) in Magnitude.Masks(layers, method.Pattern))
        {
            using DisposeScope scope = NewDisposeScope();
            LinearLayer layer = layers.First(layer => layer.Name == name);
            using IDisposable held = layer.Hold();
            Tensor weight = layer.Weight.to(ScalarType.Float32), all = weight.Squared();
            Tensor kept = all * MaskTensors.ToTensor(mask, weight.device);
            double sum = all.sum(ScalarType.Float64).item<double>();
            losses[name] = sum > 0 ? 1 - kept.sum(ScalarType.Float64).item<double>() / sum : 0;
        }
        return losses;
    }
}
