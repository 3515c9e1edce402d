using MaskLlm.Masks;
using MaskLlm.Measures;
using MaskLlm.Models;

namespace MaskLlm.Evaluation;

/// <summary>The perplexity of a model with one part of it sparse and all others dense.</summary>
internal static class Sensitivity
{
    /// <summary>By how much log perplexity is above the dense model's.</summary>
    internal static double Rise(double dense, double sparse) => Math.Log(sparse) - Math.Log(dense);

    /// <summary>Measures every part.</summary>
    /// <param name="model">The model, dense before and after.</param>
    /// <param name="masks">The whole mask, with every layer of the parts.</param>
    /// <param name="parts">The parts.</param>
    /// <param name="densePerplexity">Of the dense model.</param>
    /// <param name="measure">Gives the perplexity of the model as it is; told the part's name.</param>
    internal static IReadOnlyList<SensitivityRow> Measure(
        Decoder model, IReadOnlyDictionary<string, Mask> masks, IReadOnlyList<ModelPart> parts, double densePerplexity,
            Func<string, PerplexityResult> measure)
    {
        List<SensitivityRow> rows = [];
        foreach (ModelPart part in parts)
        {
            Dictionary<string, Mask> own = part.Layers.ToDictionary(name => name, name => masks[name], StringComparer.Ordinal);
            using MaskedWeights masked = MaskedWeights.Apply(model, own);
            double perplexity = measure(part.Name).Perplexity;
            long weights = own.Values.Sum(mask => (long)mask.Rows * mask.Columns);
            rows.Add(new SensitivityRow(part.Name, part.Skip, weights, perplexity, Rise(densePerplexity, perplexity)));
        }
        return rows;
    }
}
