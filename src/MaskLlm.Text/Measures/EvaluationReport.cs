using System.Text.Json.Nodes;

namespace MaskLlm.Measures;

/// <summary>Perplexities of one model on one text, dense and under masks.</summary>
/// <param name="Model">The checkpoint folder or runtime file.</param>
/// <param name="Data">The file of text or ids.</param>
/// <param name="SequenceLength">Tokens a window.</param>
/// <param name="Rows">The dense model first, then each mask in the order asked for; of a runtime file one row.</param>
public sealed record EvaluationReport(string Model, string Data, int SequenceLength, IReadOnlyList<EvaluationRow> Rows)
{
    /// <summary>What it was computed with.</summary>
    public string Arithmetic { get; init; } = "float32";

    /// <summary>The report as one object; the names are stable. A perplexity that is not finite is null.</summary>
    public JsonObject ToJson() => new()
    {
        ["model"] = Model,
        ["data"] = Data,
        ["seq_len"] = SequenceLength,
        ["arithmetic"] = Arithmetic,
        ["rows"] = new JsonArray([.. Rows.Select(RowJson)]),
    };

    private static JsonNode RowJson(EvaluationRow row) => new JsonObject
    {
        ["mask"] = row.Mask,
        ["perplexity"] = double.IsFinite(row.Result.Perplexity) ? row.Result.Perplexity : null,
        ["tokens"] = row.Result.Tokens,
        ["windows"] = row.Result.Windows,
        ["tail_tokens"] = row.Result.TailTokens,
        ["seconds"] = row.Result.Seconds,
    };
}
