using MaskLlm.Evaluation;
using MaskLlm.Masks;
using MaskLlm.Models;

namespace MaskLlm.Priors;

/// <summary>How much of one kind of layer is kept over all blocks; a layer without a mask is whole.</summary>
/// <param name="Kind">The name inside a block, such as <c>self_attn.q_proj</c>; of experts all together.</param>
/// <param name="Layers">Layers of this kind.</param>
/// <param name="MaskedLayers">Those of them with a mask.</param>
/// <param name="Density">Share of weights kept, 0 to 1.</param>
internal sealed record KindDensity(string Kind, int Layers, int MaskedLayers, double Density)
{
    internal static IReadOnlyList<KindDensity> Of(IReadOnlyList<LinearLayer> layers, IReadOnlyDictionary<string, Mask> masks) =>
        [.. layers.GroupBy(layer => ModelPart.InnerName(layer.Name)).Select(kind => OfKind(kind.Key, [.. kind], masks))];

    private static KindDensity OfKind(string kind, IReadOnlyList<LinearLayer> layers, IReadOnlyDictionary<string, Mask> masks)
    {
        long weights = 0, kept = 0;
        foreach (LinearLayer layer in layers)
        {
            long size = (long)layer.Rows * layer.Columns;
            weights += size;
            kept += masks.TryGetValue(layer.Name, out Mask? mask) ? mask.KeptCount : size;
        }
        return new KindDensity(kind, layers.Count, layers.Count(layer => masks.ContainsKey(layer.Name)), (double)kept / weights);
    }
}
