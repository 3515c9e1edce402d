using System.Text.Json.Nodes;
using MaskLlm.Tasks;

namespace MaskLlm.Measures;

/// <summary>How one model does with a text and with tasks, dense and under masks.</summary>
/// <param name="Model">The checkpoint folder or runtime file.</param>
/// <param name="Data">The file of text or ids; null for none.</param>
/// <param name="SequenceLength">Tokens a window of it; null without one.</param>
/// <param name="Rows">The dense model first, then each mask in the order asked for; of a runtime file one row.</param>
public sealed record EvaluationReport(string Model, string? Data, int? SequenceLength, IReadOnlyList<EvaluationRow> Rows)
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

    private static JsonNode RowJson(EvaluationRow row)
    {
        JsonObject json = new() { ["mask"] = row.Mask };
        if (row.Result is { } result) Add(json, result);
        if (row.RouterChoicesChanged is { } changed) json["router_choices_changed"] = changed;
        if (row.Tasks.Count > 0) json["tasks"] = TaskScore.ToJson(row.Tasks);
        return json;
    }

    private static void Add(JsonObject json, PerplexityResult result)
    {
        json["perplexity"] = double.IsFinite(result.Perplexity) ? result.Perplexity : null;
        json["tokens"] = result.Tokens;
        json["windows"] = result.Windows;
        json["tail_tokens"] = result.TailTokens;
        json["seconds"] = result.Seconds;
        if (result.Text is not { } text) return;
        json["bits_per_byte"] = text.BitsPerByte;
        json["byte_perplexity"] = text.BytePerplexity;
        json["word_perplexity"] = text.WordPerplexity;
    }
}
