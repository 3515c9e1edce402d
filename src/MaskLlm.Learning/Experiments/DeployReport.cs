using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using MaskLlm.Products;
using MaskLlm.Tasks;

namespace MaskLlm.Experiments;

/// <summary>What to deploy: models and types of weights on this machine.</summary>
/// <param name="Request">What was asked for.</param>
/// <param name="Rows">The dense model's first.</param>
/// <param name="Kernel">What ran.</param>
public sealed record DeployReport(DeployRequest Request, IReadOnlyList<DeployRow> Rows, string Kernel)
{
    /// <summary>What beats a row in every figure; null where nothing does.</summary>
    public DeployRow? Better(DeployRow row) => Rows.Where(row.IsBeatenBy).MinBy(other => other.MeanPerplexity);

    /// <summary>The best row within the limits of the request: where only the loss is limited the fastest, otherwise the one of the lowest
    /// perplexity; null where there is none.</summary>
    public DeployRow? Choice
    {
        get
        {
            IEnumerable<DeployRow> within = Rows.Where(row => row.ResidentMegabytes <= (Request.MaxMemory ?? double.MaxValue)
                && row.Decode[0] >= (Request.MinTokensPerSecond ?? 0) && Loss(row) <= (Request.MaxLoss ?? double.MaxValue));
            return Request.MaxLoss is not null ? within.MaxBy(row => row.Decode[0]) : within.MinBy(row => row.MeanPerplexity);
        }
    }

    /// <summary>Rise of log perplexity over the dense model in its first type, in nats a token.</summary>
    public double Loss(DeployRow row) => Math.Log(row.MeanPerplexity / Rows[0].MeanPerplexity);

    /// <summary>What is best within the limits, in a sentence; null without limits.</summary>
    public string? Sentence()
    {
        string[] limits = [.. Limits()];
        if (limits.Length == 0) return null;
        string wanted = string.Join(" and ", limits);
        return Choice is not { } best ? $"Nothing here has {wanted}."
            : Text($"Of what has {wanted}, {best.Model} in {best.Type} is {(Request.MaxLoss is null ? "nearest to dense" : "fastest")}: ")
                + Text($"{best.Decode[0]:0.0} tokens/s, {best.ResidentMegabytes:0} MB, perplexity {best.MeanPerplexity:0.00} ")
                + Text($"({Rows[0].Model} in {Rows[0].Type} {Rows[0].MeanPerplexity:0.00}).");
    }

    /// <summary>The table with what is said beside it, in Markdown.</summary>
    public string Markdown()
    {
        StringBuilder table = new();
        string[] names =
        [
            "model", "weights", "file MB", "resident MB", "decode x1", "x4", "x16", "prefill", "perplexity", "times dense",
            .. Rows[0].MeanAccuracy is null ? (string[])[] : ["accuracy"], "beaten by",
        ];
        table.Append(CultureInfo.InvariantCulture, $"| {string.Join(" | ", names)} |\n|");
        table.Insert(table.Length, "---|", names.Length).Append('\n');
        foreach (DeployRow row in Rows) table.Append(CultureInfo.InvariantCulture, $"| {string.Join(" | ", Cells(row))} |\n");
        table.Append('\n').Append(Protocol()).Append('\n');
        if (Sentence() is { } sentence) table.Append('\n').Append(sentence).Append('\n');
        return table.ToString();
    }

    /// <summary>The report as one object; the names are stable.</summary>
    public JsonObject ToJson() => new()
    {
        ["model"] = Request.Model,
        ["kernel"] = Kernel,
        ["rows"] = new JsonArray([.. Rows.Select(row =>
        {
            JsonObject json = row.ToJson();
            json["mean_perplexity"] = row.MeanPerplexity;
            json["mean_accuracy"] = row.MeanAccuracy;
            json["beaten_by"] = Better(row) is { } better ? $"{better.Model} {better.Type}" : null;
            return (JsonNode)json;
        })]),
        ["choice"] = Sentence(),
    };

    private IEnumerable<string> Cells(DeployRow row)
    {
        DeployRow? better = Better(row);
        string name = better is null ? $"**{row.Model}**" : row.Model;
        return
        [
            name.Replace("|", "\\|", StringComparison.Ordinal), row.Type, Text($"{row.FileMegabytes:0.0}"),
            Text($"{row.ResidentMegabytes:0}"),
            .. row.Decode.Select(speed => Text($"{speed:0.0}")), Text($"{row.Prefill:0}"), Text($"{row.MeanPerplexity:0.000}"),
            Text($"{row.MeanPerplexity / Rows[0].MeanPerplexity:0.000}"),
            .. row.MeanAccuracy is { } accuracy ? (string[])[Text($"{accuracy:0.0000}")] : [],
            better is null ? "" : $"{better.Model} {better.Type}",
        ];
    }

    private string Protocol()
    {
        string texts = string.Join(", ", Rows[0].Perplexity.Keys);
        string asked = Rows[0].Tasks.Count == 0 ? ""
            : $" Accuracy: mean of {string.Join(", ", TaskScore.Whole(Rows[0].Tasks).Select(score => score.Task))}.";
        string rounded = Request.Data is { } data && Request.Types.Contains(WeightType.Int4)
            ? $" int4 rounded on {string.Join(", ", data.Sources.Select(source => Path.GetFileName(source.Path)))}." : "";
        return Text($"Tokens a second of 1, 4 and 16 sequences behind 128 positions, and of a prompt of 512; medians of {Request.Repeats}")
            + Text($", {Kernel}. Perplexity: geometric mean of {texts}, the first {Request.MaxWindows} windows of each.{asked}{rounded} ")
            + "In bold: what nothing beats in every figure.";
    }

    private IEnumerable<string> Limits()
    {
        if (Request.MaxMemory is { } memory) yield return Text($"at most {memory} MB resident");
        if (Request.MinTokensPerSecond is { } speed) yield return Text($"at least {speed:0.##} tokens/s");
        if (Request.MaxLoss is { } loss) yield return Text($"at most {loss:0.####} nats a token over {Rows[0].Model} in {Rows[0].Type}");
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
