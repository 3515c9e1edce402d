using System.Text.Json.Nodes;
using MaskLlm.Data;
using MaskLlm.Learning;
using MaskLlm.Runs;
using MaskLlm.Tasks;

namespace MaskLlm.Experiments;

/// <summary>What decides the results of an experiment, as it lies in its folder: whoever goes on must ask for the same.</summary>
internal static class ExperimentSettings
{
    private const string OptionsKey = "options", InputsKey = "inputs", ThreadsKey = "threads";

    // Compared by their last names; what the files hold is compared by its hash.
    private static readonly string[] _paths = ["model", "data", "domains", "eval-text", "prior", "tasks", "task-data"];

    /// <summary>The request, with the hash of everything that it reads.</summary>
    internal static JsonObject Of(ExperimentRequest request, IReadOnlyDictionary<string, string> texts, IReadOnlyList<DomainTexts> domains,
        IReadOnlyList<string> priors, TaskRun? tasks, CancellationToken cancellation) => new()
        {
            ["experiment"] = request.Name,
            ["model"] = RecordedPath.Of(request.Model),
            ["data"] = Strings(request.Data.Sources.Select(RecordedPath.Of)),
            ["document-separator"] = request.Data.DocumentSeparator,
            ["text-column"] = request.Data.TextColumn,
            ["domains"] = request.Domains is { } folder ? RecordedPath.Of(folder) : null,
            ["eval-text"] = Strings(request.EvalTexts.Select(RecordedPath.Of)),
            ["prior"] = RecordedPath.Of(request.Prior),
            ["samples"] = request.Samples,
            ["seeds"] = Strings(ExperimentPlan.Seeds(request).Select(seed => FormattableString.Invariant($"{seed}"))),
            ["values"] = request.Values is null ? null : Strings(request.Values),
            ["eval-seq-len"] = request.WindowLength,
            ["max-windows"] = request.MaxWindows,
            ["tasks"] = request.Tasks is null ? null : Strings(request.Tasks.Tasks.Select(RecordedPath.Of)),
            ["task-data"] = request.Tasks is { } selection ? RecordedPath.Of(selection.TaskData) : null,
            ["limit"] = request.Tasks?.Limit,
            ["device"] = request.Device,
            [ThreadsKey] = TorchSharp.torch.get_num_threads(),
            [OptionsKey] = Options(request.Options),
            [InputsKey] = Inputs(request, texts, domains, priors, tasks, cancellation),
        };

    /// <summary>Every setting of learning but the seed, of which an experiment has its own.</summary>
    internal static JsonObject Options(LearnOptions options) => new(LearnSettings.All
        .Where(setting => setting.Name != "seed")
        .Select(setting => KeyValuePair.Create(setting.Name, setting.ToJson(options))));

    /// <summary>The options that are not as they are without being set, for people.</summary>
    internal static IReadOnlyList<string> Changed(LearnOptions options)
    {
        JsonObject own = Options(options), defaults = Options(ComparePlan.Paper(options));
        return
        [
            .. own.Where(pair => !JsonNode.DeepEquals(pair.Value, defaults[pair.Key])).Select(pair => $"{pair.Key} {Shown(pair.Value)}"),
        ];
    }

    /// <summary>Settings that were read, with the parts that are looked into.</summary>
    internal static JsonObject Checked(JsonObject settings)
    {
        _ = (settings[OptionsKey]!.AsObject(), settings[InputsKey]!.AsObject());
        return settings;
    }

    /// <summary>Compares with what an earlier start left.</summary>
    /// <exception cref="ArgumentException">Something decisive is not the same.</exception>
    internal static void RequireSame(JsonObject earlier, JsonObject now, string folder)
    {
        Dictionary<string, JsonNode?> before = Flat(earlier), after = Flat(now);
        foreach (string name in after.Keys.Union(before.Keys))
        {
            (JsonNode? was, JsonNode? wanted) = (before.GetValueOrDefault(name), after.GetValueOrDefault(name));
            bool isSame = _paths.Contains(name) ? RecordedPath.AreSame(was, wanted) : JsonNode.DeepEquals(was, wanted);
            if (!isSame)
                throw new ArgumentException($"`Out` {folder}: the experiment there has {name} {Shown(was)}, and {Shown(wanted)} was asked "
                    + $"for now; ask for the same to go on, or name another folder.");
        }
        if (RecordedPath.FirstChanged(earlier[InputsKey]!.AsObject(), now[InputsKey]!.AsObject()) is { } changed)
            throw new ArgumentException(
                $"`Out` {folder}: {changed} is not what it was when the experiment there began; name another folder, or bring the " +
                    $"file back.");
    }

    private static Dictionary<string, JsonNode?> Flat(JsonObject settings)
    {
        Dictionary<string, JsonNode?> flat = new(StringComparer.Ordinal);
        // Another machine may go on with other threads, as with a run.
        foreach ((string key, JsonNode? value) in settings.Where(pair => pair.Key is not (OptionsKey or InputsKey or ThreadsKey))
            .Concat(settings[OptionsKey]!.AsObject()))
            flat[key] = value;
        return flat;
    }

    private static JsonObject Inputs(
        ExperimentRequest request, IReadOnlyDictionary<string, string> texts, IReadOnlyList<DomainTexts> domains,
            IReadOnlyList<string> priors, TaskRun? tasks, CancellationToken cancellation)
    {
        JsonObject inputs = InputHashes.OfModel(request.Model);
        foreach (string source in request.Data.Sources.Select(source => source.Path).Concat(domains.Select(domain => domain.TrainPath))
            .Distinct())
            inputs[RecordedPath.Of(source)] = SourceFiles.Combine(SourceFiles.Find(source).Hashes(cancellation));
        foreach (string file in texts.Values.Concat(priors)) inputs[RecordedPath.Of(file)] = InputHashes.Of(file);
        if (tasks is not null) inputs["tasks"] = tasks.Hash();
        return inputs;
    }

    private static string Shown(JsonNode? value) => value switch
    {
        null => "none",
        JsonArray array => string.Join(' ', array),
        _ => value.ToString(),
    };

    private static JsonArray Strings(IEnumerable<string> values) => new([.. values.Select(value => (JsonNode)value)]);
}
