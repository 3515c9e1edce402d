using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using MaskLlm.Masks;
using MaskLlm.Runs;

namespace MaskLlm.Priors;

/// <summary>The record of a one-shot pruning run.</summary>
internal static class PruneRecord
{
    // Where things lie decides nothing of the result.
    private const string HiddenMemory = "hidden-memory", Stream = "stream";

    // One-shot methods take no loss, and those without data see no token; the names stay, as every run's record has them.
    internal static RunRecord Create(PruneRequest request, JsonObject options, JsonObject inputs, IReadOnlyDictionary<string, Mask> masks,
        RunDensity kept, Calibration? calibration, double seconds)
    {
        CalibrationCount? count = calibration is null ? null : CalibrationCount.Of(calibration.Sequences);
        long read = (long?)count?.Sequences * count?.Length ?? 0;
        return new("prune", options, request.Seed, Kernel: "plain", inputs, new JsonObject
        {
            ["tokens"] = count?.Tokens ?? 0,   // once each, however often they were read
            ["different_samples"] = count?.Different,
            ["sources"] = calibration is null ? null : DataRecord.Contents(calibration.Sources),
            ["seconds"] = seconds,
            ["tokens_per_second"] = read / seconds,
            ["masked_weights"] = masks.Values.Sum(mask => (long)mask.Rows * mask.Columns),
            ["density"] = kept.Density,
            ["dense_layers"] = kept.DenseNames(),
            ["unmasked_layers"] = kept.UnmaskedNames(),
            ["peak_memory_bytes"] = RunRecord.PeakMemoryBytes(),
            ["first_loss"] = null,
            ["final_loss"] = null,
            ["perplexity"] = new JsonObject { ["dense"] = null, ["prior"] = null, ["learned"] = null },
        });
    }

    /// <summary>The hashes of what the run reads.</summary>
    internal static JsonObject Inputs(PruneRequest request, Calibration? calibration)
    {
        JsonObject inputs = InputHashes.OfModel(request.Model);
        DataRecord.AddHashes(inputs, calibration?.Sources ?? []);
        if (request.Mask is { } mask) inputs[RecordedPath.Of(mask)] = InputHashes.Of(mask);
        return inputs;
    }

    /// <summary>The options of a run; all but the memory decide what it gives.</summary>
    /// <param name="request">The run.</param>
    /// <param name="calibration">Its data; null for a method without.</param>
    internal static JsonObject Options(PruneRequest request, Calibration? calibration) => new()
    {
        ["model"] = RecordedPath.Of(request.Model),
        ["method"] = request.Mask is null ? request.Method : null,
        ["mask"] = request.Mask is { } mask ? RecordedPath.Of(mask) : null,
        ["data"] = calibration is null ? null : DataRecord.Names(calibration.Sources),
        ["document-separator"] = request.Data?.DocumentSeparator,
        ["text-column"] = request.Data?.TextColumn,
        ["samples"] = calibration?.Sequences.Count,
        ["seq-len"] = calibration?.Sequences[0].Length,
        ["min-expert-tokens"] = request.MinExpertTokens,
        ["seed"] = request.Seed,
        ["pattern"] = request.Pattern.ToString(),
        ["update-weights"] = request.UpdateWeights.ToString().ToLowerInvariant(),
        ["blockwise"] = request.Blockwise,
        ["permute"] = request.Permute,
        ["skip"] = new JsonArray([.. request.Skip.Select(skip => (JsonNode)skip)]),
        ["dense-share"] = request.DenseShare,
        [HiddenMemory] = request.HiddenMemoryBytes >> 20,
        [Stream] = request.Stream,
    };

    /// <summary>All that was asked for, before anything is read: what ranks must have alike.</summary>
    internal static JsonObject Asked(PruneRequest request)
    {
        JsonObject asked = Options(request, null);
        asked["data"] = new JsonArray([.. request.Data?.Sources.Select(source => (JsonNode)RecordedPath.Of(source)) ?? []]);
        asked["samples"] = request.Samples;
        asked["seq-len"] = request.SequenceLength;
        asked["out"] = request.Out;
        asked["force"] = request.Force;
        asked["resume"] = request.Resume;
        return asked;
    }

    /// <summary>What two runs must share to give the same bits.</summary>
    internal static JsonObject Decisive(JsonObject options, JsonObject inputs, IReadOnlyList<int[]> calibration)
    {
        JsonObject decisive = options.DeepClone().AsObject();
        decisive.Remove(HiddenMemory);
        decisive.Remove(Stream);
        decisive[DecisiveOptions.InputsKey] = inputs.DeepClone();
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (int[] sequence in calibration) hash.AppendData(MemoryMarshal.AsBytes(sequence.AsSpan()));
        decisive["calibration"] = Convert.ToHexStringLower(hash.GetHashAndReset());
        return decisive;
    }
}
