using System.Text.Json.Nodes;
using MaskLlm.Measures;

namespace MaskLlm.Evaluation;

/// <summary>Where in a model a mask costs perplexity, and what to leave dense.</summary>
/// <param name="Model">The checkpoint folder.</param>
/// <param name="Data">The file of text or ids.</param>
/// <param name="Mask">The mask file, or the method that made the mask.</param>
/// <param name="SequenceLength">Tokens a window.</param>
/// <param name="Dense">The model without masks.</param>
/// <param name="Whole">Under the whole mask.</param>
/// <param name="Blocks">One block sparse at a time, in the order of the forward pass; blocks without a mask are left out.</param>
/// <param name="Kinds">One kind of linear layer sparse at a time, in that order too.</param>
/// <param name="MaxLoss">The rise of ln perplexity that the suggestions allow, in nats a token.</param>
/// <param name="SkipBlocks">Blocks to leave dense; null where only all of them would do.</param>
/// <param name="SkipKinds">Kinds to leave dense; null where only all of them would do.</param>
public sealed record SensitivityReport(
    string Model, string Data, string Mask, int SequenceLength, PerplexityResult Dense, PerplexityResult Whole,
    IReadOnlyList<SensitivityRow> Blocks, IReadOnlyList<SensitivityRow> Kinds, double MaxLoss, SkipSuggestion? SkipBlocks,
        SkipSuggestion? SkipKinds)
{
    /// <summary>Of ln perplexity under the whole mask, in nats a token.</summary>
    public double Rise => Sensitivity.Rise(Dense.Perplexity, Whole.Perplexity);

    /// <summary>The suggestion that leaves fewer weights dense; null where there is none.</summary>
    public SkipSuggestion? Suggestion => SkipBlocks is null || SkipKinds?.DenseShare < SkipBlocks.DenseShare ? SkipKinds : SkipBlocks;

    /// <summary>The report as one object; the names are stable. A figure that is not finite is null.</summary>
    public JsonObject ToJson() => new()
    {
        ["model"] = Model,
        ["data"] = Data,
        ["mask"] = Mask,
        ["seq_len"] = SequenceLength,
        ["windows"] = Dense.Windows,
        ["dense_perplexity"] = Finite(Dense.Perplexity),
        ["masked_perplexity"] = Finite(Whole.Perplexity),
        ["increase"] = Finite(Rise),
        ["blocks"] = new JsonArray([.. Blocks.Select(Json)]),
        ["kinds"] = new JsonArray([.. Kinds.Select(Json)]),
        ["max_loss"] = Finite(MaxLoss),
        ["skip_blocks"] = Json(SkipBlocks),
        ["skip_kinds"] = Json(SkipKinds),
        ["skip"] = Suggestion is null ? null : Strings(Suggestion.Skip),
    };

    private static JsonNode Json(SensitivityRow row) => new JsonObject
    {
        ["part"] = row.Part,
        ["skip"] = row.Skip,
        ["weights"] = row.Weights,
        ["perplexity"] = Finite(row.Perplexity),
        ["increase"] = Finite(row.Increase),
    };

    private static JsonObject? Json(SkipSuggestion? suggestion) => suggestion is null ? null : new JsonObject
    {
        ["parts"] = Strings(suggestion.Parts),
        ["skip"] = Strings(suggestion.Skip),
        ["estimated_increase"] = suggestion.EstimatedRise,
        ["measured_increase"] = Finite(suggestion.MeasuredRise),
        ["dense_share"] = suggestion.DenseShare,
    };

    private static JsonArray Strings(IEnumerable<string> values) => new([.. values.Select(value => (JsonNode)value)]);

    private static double? Finite(double value) => double.IsFinite(value) ? value : null;
}
