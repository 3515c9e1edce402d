using System.Text.Json.Nodes;
using MaskLlm.Masks;
using MaskLlm.Runs;

namespace MaskLlm.Priors;

/// <summary>The record of a one-shot pruning run.</summary>
internal static class PruneRecord
{
    // One-shot methods take no loss, and those without data see no token; the names stay, as every run's record has them.
    internal static RunRecord Create(PruneRequest request, IReadOnlyDictionary<string, Mask> masks, long tokens, double seconds) => new(
        Options(request), request.Seed, Kernel: "plain", Inputs(request), new JsonObject
        {
            ["tokens"] = tokens,
            ["seconds"] = seconds,
            ["tokens_per_second"] = tokens / seconds,
            ["masked_weights"] = masks.Values.Sum(mask => (long)mask.Rows * mask.Columns),
            ["peak_memory_bytes"] = RunRecord.PeakMemoryBytes(),
            ["first_loss"] = null,
            ["final_loss"] = null,
            ["perplexity"] = new JsonObject { ["dense"] = null, ["prior"] = null, ["learned"] = null },
        });

    private static JsonObject Inputs(PruneRequest request)
    {
        JsonObject inputs = InputHashes.OfModel(request.Model);
        foreach (string path in request.Data?.Sources.Select(source => source.Path).Where(File.Exists) ?? []) inputs[path] = InputHashes.Of(path);
        return inputs;
    }

    private static JsonObject Options(PruneRequest request) => new()
    {
        ["model"] = request.Model,
        ["method"] = request.Method,
        ["data"] = request.Data is null ? null : new JsonArray([.. request.Data.Sources.Select(source => (JsonNode)source.Path)]),
        ["samples"] = request.Data is null ? null : request.Samples,
        ["seq-len"] = request.Data is null ? null : request.SequenceLength,
        ["seed"] = request.Seed,
        ["pattern"] = request.Pattern.ToString(),
        ["skip"] = new JsonArray([.. request.Skip.Select(skip => (JsonNode)skip)]),
    };
}
