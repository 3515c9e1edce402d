using System.Text.Json.Nodes;
using MaskLlm.Priors;

namespace MaskLlm.Experiments;

/// <summary>What an experiment gave so far.</summary>
/// <param name="Request">What was asked for.</param>
/// <param name="Texts">Names of the texts.</param>
/// <param name="Rows">The dense model first, then the arms in the order of the plan.</param>
public sealed record ExperimentReport(ExperimentRequest Request, IReadOnlyList<string> Texts, IReadOnlyList<ExperimentRow> Rows)
{
    internal const string DenseLabel = "dense", UpdatedLabel = "sparsegpt, weights updated", MeanName = "arithmetic mean",
        GeometricMeanName = "geometric mean";

    /// <summary>What the tables have a row or column each for.</summary>
    public IReadOnlyList<string> Labels => [.. Rows.Select(row => row.Label).Distinct()];

    /// <summary>Perplexities on a text, one a seed; none where it is not measured (yet).</summary>
    /// <param name="label">One of <see cref="Labels"/>.</param>
    /// <param name="text">One of <see cref="Texts"/>.</param>
    public IReadOnlyList<double> Values(string label, string text) =>
        [.. Rows.Where(row => row.Label == label && row.Perplexity.ContainsKey(text)).Select(row => row.Perplexity[text])];

    /// <summary>Means over all texts, one a seed; seeds that lack a text are left out.</summary>
    /// <param name="label">One of <see cref="Labels"/>.</param>
    /// <param name="geometric">exp of the mean of ln perplexity; otherwise the mean of the perplexities themselves.</param>
    public IReadOnlyList<double> Means(string label, bool geometric = true) => [.. Rows.Where(row => row.Label == label)
        .GroupBy(row => row.Seed)
        .Select(rows => (double[])[.. rows.SelectMany(row => row.Perplexity.Values)])
        .Where(values => values.Length == Texts.Count)
        .Select(values => geometric ? GeometricMean(values) : values.Average())];

    /// <summary>
    /// What a mask leaves of the loss of SparseGPT (with updated weights, where that is measured), ln(masked / dense) / ln(SparseGPT /
    /// dense), by the geometric means over texts and averaged over seeds;
    /// null where one is not there.
    /// </summary>
    /// <param name="label">One of <see cref="Labels"/>.</param>
    public double? GapLeft(string label)
    {
        IReadOnlyList<double> dense = Means(DenseLabel), updated = Means(UpdatedLabel), sparse = updated.Count > 0 ? updated
            : Means(PruneRun.SparseGptMethod), own = Means(label);
        return dense.Count == 0 || sparse.Count == 0 || own.Count == 0 ? null
            : own.Average(value => Math.Log(value / dense[0]) / Math.Log(sparse[0] / dense[0]));
    }

    /// <summary>The report as one object; the names are stable. A perplexity that is not finite is null.</summary>
    public JsonObject ToJson() => new()
    {
        ["experiment"] = Request.Name,
        ["model"] = Request.Model,
        ["texts"] = new JsonArray([.. Texts.Select(text => (JsonNode)text)]),
        ["rows"] = new JsonArray([.. Rows.Select(row => row.ToJson())]),
        ["means"] = new JsonArray([.. Labels.Select(label => new JsonObject
        {
            ["label"] = label,
            ["arithmetic"] = Numbers(Means(label, geometric: false)),
            ["geometric"] = Numbers(Means(label)),
            ["sparsegpt_gap_left"] = GapLeft(label) is { } gap && double.IsFinite(gap) ? gap : null,
        })]),
    };

    internal static double GeometricMean(IEnumerable<double> values) => Math.Exp(values.Average(Math.Log));

    private static JsonArray Numbers(IEnumerable<double> values) =>
        new([.. values.Select(value => double.IsFinite(value) ? (JsonNode)value : null)]);
}
