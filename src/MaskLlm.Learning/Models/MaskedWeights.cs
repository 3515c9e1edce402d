using MaskLlm.Masks;
using TorchSharp;
using static TorchSharp.torch;

namespace MaskLlm.Models;

/// <summary>Puts masked weights into a model's linear layers and takes them out again: <c>using (MaskedWeights.Apply(model, masks))
/// ...</c>.</summary>
public sealed class MaskedWeights : IDisposable
{
    private readonly List<WeightLoan> _loans = [];
    private readonly List<LinearLayer> _streamed = [];

    private MaskedWeights()
    {
    }

    /// <summary>Multiplies the weights of the named layers by their masks until the result is disposed.</summary>
    /// <param name="model">The model.</param>
    /// <param name="masks">Masks by the checkpoint's name; layers without one stay dense.</param>
    /// <exception cref="ArgumentException">A mask of a layer that the model lacks or of another shape.</exception>
    public static MaskedWeights Apply(Decoder model, IReadOnlyDictionary<string, Mask> masks) => Apply(model, masks, null);

    /// <summary>The same with other weights in place of the model's, (O, I) by name.</summary>
    internal static MaskedWeights Apply(Decoder model, IReadOnlyDictionary<string, Mask> masks,
        IReadOnlyDictionary<string, Tensor>? weights)
    {
        Dictionary<string, LinearLayer> layers = model.Linears.ToDictionary(layer => layer.Name, StringComparer.Ordinal);
        MaskedWeights applied = new();
        using IDisposable noGradient = no_grad();
        foreach ((string name, Mask mask) in masks)
        {
            if (!layers.TryGetValue(name, out LinearLayer? layer) || mask.Rows != layer.Rows || mask.Columns != layer.Columns)
            {
                applied.Dispose();
                throw new ArgumentException($"the mask of {name} ({mask.Rows} x {mask.Columns}) does not fit this model; it belongs to "
                    + $"another one.");
            }
            if (layer is { IsStreamed: true, IsHeld: false } && weights is null) applied.Await(layer, mask);
            else applied.Replace(layer, mask, weights?[name] ?? layer.Weight);
        }
        return applied;
    }

    /// <summary>Restores the dense weights.</summary>
    public void Dispose()
    {
        _loans.ForEach(loan => loan.Dispose());
        _loans.Clear();
        _streamed.ForEach(layer => layer.Arrives = null);
        _streamed.Clear();
    }

    // One that is in its file is multiplied each time it is read.
    private void Await(LinearLayer layer, Mask mask)
    {
        layer.Arrives = weight =>
        {
            using IDisposable noGradient = no_grad();
            using DisposeScope scope = NewDisposeScope();
            weight.mul_(MaskTensors.ToTensor(mask, weight.device, weight.dtype));
        };
        _streamed.Add(layer);
    }

    private void Replace(LinearLayer layer, Mask mask, Tensor weight)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor masked = (weight * MaskTensors.ToTensor(mask, weight.device, weight.dtype)).to(layer.Weight.dtype);
        _loans.Add(layer.Lend(masked.DetachFromDisposeScope(), isOwned: true));
    }
}
