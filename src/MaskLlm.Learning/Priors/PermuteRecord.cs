using System.Text.Json.Nodes;
using MaskLlm.Permutations;
using MaskLlm.Runs;

namespace MaskLlm.Priors;

/// <summary>The record of a run that orders channels.</summary>
internal static class PermuteRecord
{
    /// <summary>In the folder of the checkpoint.</summary>
    internal const string FileName = "run.json";

    internal static RunRecord Create(PermuteRequest request, Calibration calibration, IReadOnlyList<KeptShare> kept, double seconds)
    {
        CalibrationCount count = CalibrationCount.Of(calibration.Sequences);
        JsonObject inputs = InputHashes.OfModel(request.Model);
        DataRecord.AddHashes(inputs, calibration.Sources);
        return new("permute", Options(request, calibration), request.Seed, Kernel: "plain", inputs, new JsonObject
        {
            ["tokens"] = count.Tokens,   // once each, however often they were read
            ["different_samples"] = count.Different,
            ["sources"] = DataRecord.Contents(calibration.Sources),
            ["seconds"] = seconds,
            ["peak_memory_bytes"] = RunRecord.PeakMemoryBytes(),
            ["kept"] = Kept(kept),
        });
    }

    /// <summary>The shares of the scores that are kept, by the channels that layers read, and of all these layers.</summary>
    internal static JsonArray Kept(IReadOnlyList<KeptShare> kept)
    {
        int layers = kept.Sum(kind => kind.Layers);
        return
        [
            .. kept.Select(kind => Row(ChannelSearch.Names(kind.Kind), kind.Layers, kind.Before, kind.After)),
            Row("all", layers, kept.Sum(kind => kind.Layers * kind.Before) / layers, kept.Sum(kind => kind.Layers * kind.After) / layers),
        ];
    }

    private static JsonObject Row(string channels, int layers, double before, double after) => new()
    {
        ["channels"] = channels,
        ["layers"] = layers,
        ["before"] = before,
        ["after"] = after,
    };

    private static JsonObject Options(PermuteRequest request, Calibration calibration) => new()
    {
        ["model"] = RecordedPath.Of(request.Model),
        ["data"] = DataRecord.Names(calibration.Sources),
        ["document-separator"] = request.Data.DocumentSeparator,
        ["text-column"] = request.Data.TextColumn,
        ["samples"] = calibration.Sequences.Count,
        ["seq-len"] = calibration.Sequences[0].Length,
        ["seed"] = request.Seed,
        ["pattern"] = request.Pattern.ToString(),
    };
}
