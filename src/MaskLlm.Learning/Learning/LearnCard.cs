using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using MaskLlm.Formats;
using MaskLlm.Priors;
using MaskLlm.Runs;
using MaskLlm.Tasks;

namespace MaskLlm.Learning;

/// <summary>The model card of a learning run.</summary>
internal static class LearnCard
{
    internal static void Write(string path, LearnRequest request, RunRecord record)
    {
        JsonObject figures = record.Figures, perplexity = figures["perplexity"]!.AsObject();
        LearnOptions options = request.Options;
        string weights = options.TrainWeights == WeightTraining.None
            ? "the weights themselves are unchanged" : "`model` holds the weights, which were trained too";
        bool isDense = options.TrainWeights == WeightTraining.Dense;
        StringBuilder card = new();
        card.Append(CultureInfo.InvariantCulture,
            $"# {(isDense ? "Dense weights trained, of" : $"{options.Pattern} mask for")} "
            + $"{Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(request.Model)))}\n\n");
        card.Append(CultureInfo.InvariantCulture,
            $"Learned with maskllm (recipe `{options.Recipe.ToString().ToLowerInvariant()}`, after MaskLLM, arXiv 2409.17481). ");
        card.Append(isDense ? "Nothing is pruned: `model` is what the same steps on the same data make of the dense weights.\n\n"
            : $"`mask.npz` holds one bit a weight of every linear layer of the blocks; {weights}.\n\n");
        if (request.Permute) card.Append(PermutedModel.Sentence);
        card.Append("| held-out perplexity | |\n|---|---|\n");
        string prior = $"prior ({RecordedPath.Of(request.Prior)})";
        foreach ((string name, string key) in new[] { ("dense", "dense"), (prior, "prior"), ("learned", "learned") })
            card.Append(CultureInfo.InvariantCulture, $"| {name} | {Number(perplexity[key])} |\n");
        card.Append(CultureInfo.InvariantCulture,
            $"\nPerplexity over windows of {options.SequenceLength} tokens of "
            + $"{(request.EvalText is null ? "text that learning never saw" : Path.GetFileName(request.EvalText))}, "
            + $"{options.SequenceLength - 1} predicted tokens a window.\n\n");
        if (figures["tasks"] is JsonObject asked) card.Append(TaskTable.Markdown(asked)).Append('\n');
        card.Append(CultureInfo.InvariantCulture,
            $"Tokens seen: {figures["tokens"]}. Seconds: {Number(figures["seconds"])}. Tokens a second: "
            + $"{Number(figures["tokens_per_second"])}. Seed: {options.Seed}.\n\n");
        if ((long?)figures["unreached_groups"] is > 0 and long unreached)
            card.Append(CultureInfo.InvariantCulture,
                $"{unreached} groups are of experts that no token of these steps reached; they keep what they started from.\n\n");
        if (options.TrainWeights == WeightTraining.None)
            card.Append(CultureInfo.InvariantCulture,
                $"Masked checkpoint: `maskllm apply {(request.Permute ? "permuted" : "MODEL")} --mask mask.npz --out DIR`. ");
        card.Append("Every option, version and input hash is in `run.json`.\n");
        AtomicFile.Write(path, stream => stream.Write(Encoding.UTF8.GetBytes(card.ToString())));
    }

    private static string Number(JsonNode? value) => value is null ? "not measured" : value.GetValue<double>()
        .ToString("0.00", CultureInfo.InvariantCulture);
}
