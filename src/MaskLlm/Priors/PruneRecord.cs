using System.Text.Json.Nodes;
using MaskLlm.Masks;
using MaskLlm.Runs;

namespace MaskLlm.Priors;

/// <summary>The record of a one-shot pruning run.</summary>
internal static class PruneRecord
{
    // One-shot methods without data see no token and take no loss; the names stay, as every run's record has them.
    internal static RunRecord Create(PruneRequest request, IReadOnlyDictionary<string, Mask> masks, double seconds) => new(
        Options(request), Seed: 0, Kernel: "plain", InputHashes.OfModel(request.Model), new JsonObject
        {
            ["tokens"] = 0,
            ["seconds"] = seconds,
            ["tokens_per_second"] = 0,
            ["masked_weights"] = masks.Values.Sum(mask => (long)mask.Rows * mask.Columns),
            ["peak_memory_bytes"] = RunRecord.PeakMemoryBytes(),
            ["first_loss"] = null,
            ["final_loss"] = null,
            ["perplexity"] = new JsonObject { ["dense"] = null, ["prior"] = null, ["learned"] = null },
        });

    private static JsonObject Options(PruneRequest request) => new()
    {
        ["model"] = request.Model,
        ["method"] = request.Method,
        ["pattern"] = request.Pattern.ToString(),
        ["skip"] = new JsonArray([.. request.Skip.Select(skip => (JsonNode)skip)]),
    };
}
