using System.Globalization;
using System.Text.Json.Nodes;
using MaskLlm.Masks;
using MaskLlm.Models;
using MaskLlm.Patterns;

namespace MaskLlm.Priors;

/// <summary>How much of the linear layers of the blocks a run keeps, and which of them it chose to leave dense.</summary>
/// <param name="Density">Share of their weights that is kept, 0 to 1; a layer without a mask is whole.</param>
/// <param name="DenseShare">Share of the weights that could have been pruned and were chosen to stay.</param>
/// <param name="Dense">The names of these layers.</param>
/// <param name="Unmasked">Those of all layers that have no mask.</param>
internal sealed record RunDensity(double Density, double DenseShare, IReadOnlyList<string> Dense, IReadOnlyList<string> Unmasked)
{
    /// <param name="layers">All of the blocks.</param>
    /// <param name="masks">By name.</param>
    /// <param name="dense">Those that were chosen to stay.</param>
    internal static RunDensity Of(IReadOnlyList<LinearLayer> layers, IReadOnlyDictionary<string, Mask> masks,
        IReadOnlyList<LinearLayer> dense)
    {
        double all = layers.Sum(DenseLayers.Weights), stays = dense.Sum(DenseLayers.Weights);
        double masked = masks.Values.Sum(mask => (double)mask.Rows * mask.Columns), kept = masks.Values.Sum(mask => mask.KeptCount);
        return new RunDensity((all - masked + kept) / all, stays / (stays + masked), [.. dense.Select(layer => layer.Name)],
            [.. layers.Select(layer => layer.Name).Where(name => !masks.ContainsKey(name))]);
    }

    internal JsonArray DenseNames() => new([.. Dense.Select(name => (JsonNode)name)]);

    internal JsonArray UnmaskedNames() => new([.. Unmasked.Select(name => (JsonNode)name)]);

    /// <summary>What a model card calls the mask: one that leaves layers dense is not called by its pattern.</summary>
    internal string Title(NmPattern pattern) => Dense.Count == 0 ? $"{pattern} mask" : $"Mask of density {Percent(Density)}";

    /// <summary>What a model card says of the layers that were chosen.</summary>
    /// <param name="asked">The budget.</param>
    internal string Sentence(double asked) => Dense.Count == 0 ? "" : string.Create(CultureInfo.InvariantCulture,
        $"This holds in all layers but {Dense.Count}, {Percent(DenseShare)} of the weights, which stay dense as their pruning would cost "
            + $"most (budget {Percent(asked)}: {string.Join(", ", Dense.Select(name => $"`{name}`"))}); {Percent(Density)} of the weights "
            + $"of the blocks are kept in all. ");

    private static string Percent(double share) => (100 * share).ToString("0.00 '%'", CultureInfo.InvariantCulture);
}
