using System.IO.Enumeration;
using MaskLlm.Architectures;
using MaskLlm.Patterns;

namespace MaskLlm.Models;

/// <summary>Which linear layers get a mask.</summary>
public static class LayerSelection
{
    /// <summary>The linear layers of the blocks but those that <paramref name="skip"/> names; embedding and head are never among
    /// them.</summary>
    /// <param name="model">The model.</param>
    /// <param name="pattern">N:M; the columns of every selected layer are a multiple of M.</param>
    /// <param name="skip">Name patterns (* and ?) of parameters that stay dense.</param>
    /// <returns>At least one layer, in the order of the forward pass.</returns>
    /// <exception cref="ArgumentException">A skip pattern matches nothing, nothing is left, or columns are not divisible by M.</exception>
    public static IReadOnlyList<LinearLayer> Select(Decoder model, NmPattern pattern, IReadOnlyList<string> skip) =>
        Select(model.Config, model.Linears, pattern, skip);

    /// <summary>The same of the layers of a model that is not loaded.</summary>
    internal static IReadOnlyList<LinearLayer> Select(DecoderConfig config, IReadOnlyList<LinearLayer> layers, NmPattern pattern,
        IReadOnlyList<string> skip)
    {
        string[] names = [.. ParameterShapes.All(config).Select(parameter => parameter.Name)];
        foreach (string glob in skip)
            if (!names.Any(name => Matches(glob, name)))
                throw new ArgumentException($"`Skip` {glob} matches no parameter; names look like {layers[0].Name}.");
        List<LinearLayer> selected = [.. layers.Where(layer => !skip.Any(glob => Matches(glob, layer.Name)))];
        if (selected.Count == 0) throw new ArgumentException("`Skip` leaves no layer to mask.");
        foreach (LinearLayer layer in selected)
            if (layer.Columns % pattern.GroupSize != 0)
                throw new ArgumentException(
                    $"{layer.Name}: {layer.Columns} columns; pattern {pattern} needs a multiple of {pattern.GroupSize}. Skip it with "
                        + $"`Skip`.");
        return selected;
    }

    private static bool Matches(string glob, string name) => FileSystemName.MatchesSimpleExpression(glob, name, ignoreCase: false);
}
