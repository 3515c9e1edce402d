using System.Text.Json.Nodes;
using MaskLlm.Data;
using MaskLlm.Runs;
using MaskLlm.Settings;

namespace MaskLlm.Learning;

/// <summary>The record of a learning run.</summary>
internal static class LearnRecord
{
    internal static RunRecord Create(LearnRequest request, Corpus corpus, JsonObject options, JsonObject inputs, LearnedRun learned,
        PerplexityTriple perplexity, double priorSeconds, MemoryPlan plan)
    {
        foreach ((string name, JsonNode? value) in Others(request)) options[name] = value?.DeepClone();
        LearnTotals totals = learned.Totals;
        long tokensAStep = (long)request.Options.BatchSize * request.Options.SequenceLength;
        RunRecord record = new("learn", options, request.Options.Seed, learned.Kernel, inputs, new JsonObject
        {
            ["tokens"] = tokensAStep * request.Options.Steps,
            ["seconds"] = totals.Seconds,
            ["tokens_per_second"] = tokensAStep * totals.Steps / totals.Seconds / learned.StepsOfAToken,
            ["sampling_share"] = totals.SamplingSeconds / totals.Seconds,
            ["dense_model_seconds"] = totals.DenseSeconds,
            ["prior_seconds"] = priorSeconds,
            ["groups_starting_on_prior"] = learned.PriorGroupShare,
            ["resumed_at_step"] = totals.FirstStep,
            ["sources"] = DataRecord.Contents(corpus.Sources),
            ["eval_text"] = request.EvalText is { } text ? RecordedPath.Of(text) : null,
            ["masked_weights"] = learned.Weights,
            ["planned_memory_bytes"] = plan.TotalBytes,
            ["peak_memory_bytes"] = RunRecord.PeakMemoryBytes(),
            ["first_loss"] = totals.FirstLoss,
            ["final_loss"] = totals.FinalLoss,
            ["perplexity"] = new JsonObject
            {
                ["dense"] = perplexity.Dense,
                ["prior"] = perplexity.Prior,
                ["learned"] = perplexity.Learned
            },
        });
        if (learned.UnreachedGroups is { } unreached) record.Figures["unreached_groups"] = unreached;
        return record;
    }

    /// <summary>Every option that decides the result, by its name on the command line.</summary>
    internal static JsonObject Options(LearnRequest request, Corpus corpus)
    {
        JsonObject options = new()
        {
            ["model"] = RecordedPath.Of(request.Model),
            ["data"] = DataRecord.Names(corpus.Sources),
            ["document-separator"] = request.Data.DocumentSeparator,
            ["text-column"] = request.Data.TextColumn,
            ["prior"] = RecordedPath.Of(request.Prior),
            ["permute"] = request.Permute,
            ["start-weights"] = request.StartWeights is { } start ? RecordedPath.Of(start) : null,
        };
        foreach (Setting<LearnOptions> setting in LearnSettings.All) options[setting.Name] = setting.ToJson(request.Options);
        return options;
    }

    /// <summary>All that was asked for, before anything is read: what ranks must have alike.</summary>
    internal static JsonObject Asked(LearnRequest request)
    {
        JsonObject asked = new()
        {
            ["model"] = request.Model,
            ["data"] = new JsonArray([.. request.Data.Sources.Select(source => (JsonNode)RecordedPath.Of(source))]),
            ["document-separator"] = request.Data.DocumentSeparator,
            ["text-column"] = request.Data.TextColumn,
            ["out"] = request.Out,
            ["prior"] = request.Prior,
            ["permute"] = request.Permute,
            ["start-weights"] = request.StartWeights,
            ["force"] = request.Force,
            ["resume"] = request.Resume,
        };
        foreach (Setting<LearnOptions> setting in LearnSettings.All) asked[setting.Name] = setting.ToJson(request.Options);
        foreach ((string name, JsonNode? value) in Others(request)) asked[name] = value?.DeepClone();
        return asked;
    }

    // What decides nothing of the mask, and belongs to what was asked for.
    private static JsonObject Others(LearnRequest request) => new()
    {
        ["device"] = request.Device,
        ["save-every"] = request.SaveEvery,
        ["log-every"] = request.LogEvery,
        ["eval-every"] = request.EvalEvery,
        ["eval-text"] = request.EvalText is { } text ? RecordedPath.Of(text) : null,
        ["eval-windows"] = request.EvalWindows,
        ["tasks"] = request.Tasks is { } tasks ? new JsonArray([.. tasks.Tasks.Select(task => (JsonNode)RecordedPath.Of(task))]) : null,
        ["task-data"] = request.Tasks is { } selection ? RecordedPath.Of(selection.TaskData) : null,
        ["limit"] = request.Tasks?.Limit,
        ["save-model"] = request.SaveModel,
        ["save-logits"] = request.SaveLogits,
    };

    /// <summary>SHA-256 of every input by its path.</summary>
    internal static JsonObject Inputs(LearnRequest request, Corpus corpus)
    {
        JsonObject inputs = InputHashes.OfModel(request.Model);
        DataRecord.AddHashes(inputs, corpus.Sources);
        if (request.StartWeights is { } start)
            foreach ((string file, JsonNode? hash) in InputHashes.OfModel(start)) inputs[file] = hash!.DeepClone();
        if (File.Exists(request.Prior)) inputs[RecordedPath.Of(request.Prior)] = InputHashes.Of(request.Prior);
        return inputs;
    }
}
