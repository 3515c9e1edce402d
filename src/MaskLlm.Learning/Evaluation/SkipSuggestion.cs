namespace MaskLlm.Evaluation;

/// <summary>Which parts to leave dense so that the rest costs no more than is allowed.</summary>
/// <param name="Parts">The parts, the most sensitive first.</param>
/// <param name="Skip">The <c>Skip</c> patterns: layers that the mask leaves dense anyway, then the parts.</param>
/// <param name="EstimatedRise">Of ln perplexity over the dense model with the rest sparse, in nats a token.</param>
/// <param name="DenseShare">Share of the mask's weights that become dense, 0 to 1.</param>
public sealed record SkipSuggestion(IReadOnlyList<string> Parts, IReadOnlyList<string> Skip, double EstimatedRise, double DenseShare)
{
    /// <summary>What was then measured with the rest sparse: the rise of ln perplexity over the dense model, in nats a token.</summary>
    public double MeasuredRise { get; init; } = double.NaN;

    /// <summary>Takes the most sensitive part, then the next, until the estimate is low enough.</summary>
    /// <param name="rows">All blocks, or all kinds: parts that share no layer.</param>
    /// <param name="others">Patterns of layers that the mask leaves dense.</param>
    /// <param name="wholeRise">Of ln perplexity under the whole mask.</param>
    /// <param name="maxLoss">The rise that is allowed.</param>
    /// <returns>Null where only skipping everything would do, or something measured is not finite.</returns>
    /// <remarks>
    /// Increases are taken to add up. Where the whole mask costs more than their sum they are scaled up to it; where it costs
    /// less they are not scaled down, which would promise too much. Parts that do not lose count as 0.
    /// </remarks>
    internal static SkipSuggestion? Of(IReadOnlyList<SensitivityRow> rows, IReadOnlyList<string> others, double wholeRise, double maxLoss)
    {
        if (!double.IsFinite(wholeRise) || rows.Any(row => !double.IsFinite(row.Increase))) return null;
        double total = rows.Sum(row => Math.Max(0, row.Increase)), left = total;
        List<SensitivityRow> skipped = [];
        double Estimate() => skipped.Count == 0 ? wholeRise : left * Math.Max(1, wholeRise / total);
        foreach (SensitivityRow row in rows.Where(row => row.Increase > 0).OrderByDescending(row => row.Increase))
        {
            if (Estimate() <= maxLoss) break;
            skipped.Add(row);
            left -= row.Increase;
        }
        if (Estimate() > maxLoss || skipped.Count == rows.Count) return null;
        return new SkipSuggestion(
            [.. skipped.Select(row => row.Part)], [.. others, .. skipped.Select(row => row.Skip)], Estimate(),
            (double)skipped.Sum(row => row.Weights) / rows.Sum(row => row.Weights));
    }
}
