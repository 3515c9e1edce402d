using System.Text.Json.Nodes;
using MaskLlm.Tasks;

namespace MaskLlm.Experiments;

/// <summary>What one arm of an experiment gave.</summary>
/// <param name="Arm">The name of its folder below <c>arms</c>.</param>
/// <param name="Label">Its row or column in the tables; arms that differ in seed or domain only share it.</param>
/// <param name="Perplexity">By the text's name.</param>
/// <param name="Tokens">Tokens that learning or calibration saw.</param>
/// <param name="Seconds">That it took, evaluation excluded.</param>
public sealed record ExperimentRow(string Arm, string Label, IReadOnlyDictionary<string, double> Perplexity, long Tokens, double Seconds)
{
    /// <summary>Scores of tasks and groups; empty where none was asked.</summary>
    public IReadOnlyList<TaskScore> Tasks { get; init; } = [];

    /// <summary>Of the learned mask; null where nothing was learned.</summary>
    public ulong? Seed { get; init; }

    /// <summary>The domain that the mask is for; null for all.</summary>
    public string? Domain { get; init; }

    /// <summary>The line of the plot that this is a point of; null for none.</summary>
    public string? Series { get; init; }

    /// <summary>Where on that line: tokens of the run.</summary>
    public double? X { get; init; }

    /// <summary>The options of the run that made the mask, as in its <c>run.json</c>; null for none.</summary>
    public JsonObject? Options { get; init; }

    /// <summary>What the run had to say, such as that it read its data several times.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];

    /// <summary>The row as one object; the names are stable. A perplexity that is not finite is null.</summary>
    public JsonObject ToJson()
    {
        JsonObject json = new()
        {
            ["arm"] = Arm,
            ["label"] = Label,
            ["series"] = Series,
            ["x"] = X,
            ["domain"] = Domain,
            ["seed"] = Seed,
            ["perplexity"] = new JsonObject(Perplexity.Select(pair => KeyValuePair.Create(pair.Key, Finite(pair.Value)))),
            ["tokens"] = Tokens,
            ["seconds"] = Seconds,
            ["options"] = Options?.DeepClone(),
            ["notes"] = new JsonArray([.. Notes.Select(note => (JsonNode)note)]),
        };
        if (Tasks.Count > 0) json["tasks"] = TaskScore.ToJson(Tasks);
        return json;
    }

    /// <summary>Reads what <see cref="ToJson"/> gave.</summary>
    internal static ExperimentRow Parse(JsonObject row) => new(
        (string)row["arm"]!,
        (string)row["label"]!,
        new OrderedDictionary<string, double>(row["perplexity"]!.AsObject()
            .Select(pair => KeyValuePair.Create(pair.Key, (double?)pair.Value ?? double.NaN))),
        (long)row["tokens"]!,
        (double)row["seconds"]!)
    {
        Series = (string?)row["series"],
        X = (double?)row["x"],
        Domain = (string?)row["domain"],
        Seed = (ulong?)row["seed"],
        Options = row["options"]?.DeepClone().AsObject(),
        Tasks = row["tasks"] is JsonObject tasks ? TaskScore.Parse(tasks) : [],
        Notes = [.. row["notes"]!.AsArray().Select(note => (string)note!)],
    };

    private static JsonNode? Finite(double value) => double.IsFinite(value) ? value : null;
}
