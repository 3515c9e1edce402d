using MaskLlm.Masks;
using MaskLlm.Models;
using MaskLlm.Patterns;
using static TorchSharp.torch;

namespace MaskLlm.Priors;

/// <summary>Magnitude pruning: of every group the N largest weights stay (Han et al. 2015).</summary>
public static class Magnitude
{
    /// <summary>The masks of layers by the checkpoint's name, in their order.</summary>
    /// <param name="layers">Columns a multiple of M.</param>
    /// <param name="pattern">N:M.</param>
    /// <param name="done">Told of each layer when its mask is there.</param>
    internal static OrderedDictionary<string, Mask> Masks(IReadOnlyList<LinearLayer> layers, NmPattern pattern,
        Action<LinearLayer>? done = null)
    {
        OrderedDictionary<string, Mask> masks = new(StringComparer.Ordinal);
        foreach (LinearLayer layer in layers)
        {
            using IDisposable held = layer.Hold();
            masks.Add(layer.Name, Prune(layer.Weight, pattern, layer.Name));
            done?.Invoke(layer);
        }
        return masks;
    }

    /// <summary>The mask of one weight matrix; of equal weights the one with the lower index stays.</summary>
    /// <param name="weight">(O, I) float32 or bfloat16; I a multiple of M.</param>
    /// <param name="pattern">N:M.</param>
    /// <param name="name">Of the weight, for a message.</param>
    /// <exception cref="ArgumentException">Columns not divisible by M.</exception>
    /// <exception cref="InvalidDataException">A weight is NaN or infinite.</exception>
    public static Mask Prune(Tensor weight, NmPattern pattern, string name = "the weight")
    {
        int columns = (int)weight.size(1);
        if (columns % pattern.GroupSize != 0)
            throw new ArgumentException($"{columns} columns; pattern {pattern} needs a multiple of {pattern.GroupSize}. Skip the layer "
                + $"with `Skip`.");
        return RowStretches.Mask((int)weight.size(0), columns, (first, count) =>
            LargestOfGroup.Keep(name, weight.narrow(0, first, count).to(ScalarType.Float32).abs(), pattern));
    }
}
