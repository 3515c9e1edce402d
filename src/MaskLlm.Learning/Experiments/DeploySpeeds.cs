using System.Diagnostics;
using System.Text.Json.Nodes;
using MaskLlm.Decoding;
using MaskLlm.Machine;
using MaskLlm.Runs;

namespace MaskLlm.Experiments;

/// <summary>How fast packed models are, all of them once a round: a machine whose speed moves in between is fair to each.</summary>
internal sealed class DeploySpeeds
{
    private const int Steps = RuntimeBenchmark.StepsOfAPair;

    private readonly DeployRequest _request;
    private readonly string _path;
    private readonly JsonArray _rounds;
    private string _kernel = "";

    /// <param name="request">Says how often.</param>
    /// <param name="path">Of what is measured already.</param>
    /// <exception cref="InvalidDataException">It is damaged.</exception>
    internal DeploySpeeds(DeployRequest request, string path)
    {
        (_request, _path, _rounds) = (request, path, []);
        if (!File.Exists(path)) return;
        JsonObject json = CheckedJson.Read(path, json => json, "remove it, and speeds are measured again");
        (_rounds, _kernel) = ((JsonArray)json["rounds"]!.DeepClone(), (string)json["kernel"]!);
    }

    /// <summary>What ran.</summary>
    internal string Kernel => _kernel;

    /// <summary>Whether packed files are no longer needed.</summary>
    internal bool IsDone => _rounds.Count >= _request.Repeats;

    /// <summary>Measures the rounds that are missing.</summary>
    /// <param name="rows">By title.</param>
    /// <param name="progress">Told of every row.</param>
    /// <param name="cancellation">Stops between rows; whole rounds stay.</param>
    internal void Measure(IReadOnlyDictionary<string, PackedRow> rows, IProgress<Progress>? progress, CancellationToken cancellation)
    {
        while (!IsDone)
        {
            JsonObject round = [];
            foreach ((string title, PackedRow row) in rows)
            {
                cancellation.ThrowIfCancellationRequested();
                progress?.Report(new Progress("measuring speeds", _rounds.Count * rows.Count + round.Count,
                    _request.Repeats * rows.Count, title));
                round[title] = Measure(row);
            }
            _rounds.Add(round);
            CheckedJson.Write(_path, new JsonObject { ["kernel"] = _kernel, ["rounds"] = _rounds.DeepClone() });
        }
    }

    /// <summary>The row with the medians of its rounds.</summary>
    internal DeployRow Of(DeployRow row, string title)
    {
        double[][] rounds = [.. _rounds.Select(round => round![title]!.AsArray().Select(speed => (double)speed!).ToArray())];
        double[] medians = [.. rounds[0].Select((_, i) => Numerals.Median.Of([.. rounds.Select(round => round[i])]))];
        return row with { Decode = medians[..^1], Prefill = medians[^1] };
    }

    // Tokens a second of each number of sequences, and of the prompt; each once before it counts.
    private JsonArray Measure(PackedRow row)
    {
        RuntimeBenchmarkOptions options = RuntimeBenchmark.Within(_request.Speeds, row.Config.MaxPositions);
        using BenchmarkedModel model = new(() => RuntimeModel.Open(row.File), options);
        _kernel = $"{model.Decoder.Kernel}, {model.Decoder.Threads} threads";
        return
        [
            .. options.Sequences.Select(count => (JsonNode)Speed(count * Steps, () => model.Decode(count, Steps))),
            Speed(options.Prompts[0], () => model.Prefill(options.Prompts[0])),
        ];
    }

    private static double Speed(int tokens, Action work)
    {
        work();
        long begin = Stopwatch.GetTimestamp();
        work();
        return tokens / Stopwatch.GetElapsedTime(begin).TotalSeconds;
    }
}
