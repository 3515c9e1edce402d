using System.Text.Json.Nodes;
using MaskLlm.Tasks;

namespace MaskLlm.Experiments;

/// <summary>One model in one type of weights, on this machine.</summary>
/// <param name="Model">dense, the name of a mask or of a checkpoint.</param>
/// <param name="Type">Of its weights.</param>
/// <param name="FileMegabytes">Of its packed file.</param>
/// <param name="ResidentMegabytes">Its weights, which lie in memory as in the file, and the keys and values of 16 sequences behind
/// 128 positions.</param>
/// <param name="Decode">Tokens a second of 1, 4 and 16 sequences together.</param>
/// <param name="Prefill">Tokens a second of a prompt of 512, or of as many positions as there are.</param>
/// <param name="Perplexity">By the text's name.</param>
public sealed record DeployRow(string Model, string Type, double FileMegabytes, double ResidentMegabytes, IReadOnlyList<double> Decode,
    double Prefill, IReadOnlyDictionary<string, double> Perplexity)
{
    /// <summary>Scores of tasks; empty where none was asked.</summary>
    public IReadOnlyList<TaskScore> Tasks { get; init; } = [];

    /// <summary>Layers that are 2:4, of all of the blocks.</summary>
    public int SparseLayers { get; init; }

    /// <summary>Geometric mean over the texts.</summary>
    public double MeanPerplexity => ExperimentReport.GeometricMean(Perplexity.Values);

    /// <summary>Mean over tasks, a group counting one, by characters where a task has that; null without tasks.</summary>
    public double? MeanAccuracy => Tasks.Count == 0 ? null
        : TaskScore.Whole(Tasks).Average(score => score.NormalizedAccuracy ?? score.Accuracy);

    /// <summary>Whether another is at least as good in every figure and better in one.</summary>
    internal bool IsBeatenBy(DeployRow other)
    {
        double[] own = Figures(), others = other.Figures();
        return own.Zip(others).All(pair => pair.Second >= pair.First) && own.Zip(others).Any(pair => pair.Second > pair.First);
    }

    /// <summary>The row as one object; the names are stable.</summary>
    internal JsonObject ToJson() => new()
    {
        ["model"] = Model,
        ["type"] = Type,
        ["sparse_layers"] = SparseLayers,
        ["file_mb"] = FileMegabytes,
        ["resident_mb"] = ResidentMegabytes,
        ["decode_tokens_per_second"] = new JsonArray([.. Decode.Select(speed => (JsonNode)speed)]),
        ["prefill_tokens_per_second"] = Prefill,
        ["perplexity"] = new JsonObject(Perplexity.Select(pair => KeyValuePair.Create(pair.Key, (JsonNode?)pair.Value))),
        ["tasks"] = Tasks.Count == 0 ? null : TaskScore.ToJson(Tasks),
    };

    /// <summary>Reads what <see cref="ToJson"/> gave.</summary>
    internal static DeployRow Parse(JsonObject row) => new(
        (string)row["model"]!, (string)row["type"]!, (double)row["file_mb"]!, (double)row["resident_mb"]!,
        [.. row["decode_tokens_per_second"]!.AsArray().Select(speed => (double)speed!)], (double)row["prefill_tokens_per_second"]!,
        new OrderedDictionary<string, double>(row["perplexity"]!.AsObject()
            .Select(pair => KeyValuePair.Create(pair.Key, (double)pair.Value!))))
    {
        SparseLayers = (int)row["sparse_layers"]!,
        Tasks = row["tasks"] is JsonObject tasks ? TaskScore.Parse(tasks) : [],
    };

    // Larger is better.
    private double[] Figures() =>
    [
        -FileMegabytes, -ResidentMegabytes, .. Decode, Prefill, -MeanPerplexity,
        .. MeanAccuracy is { } accuracy ? [accuracy] : (double[])[],
    ];
}
