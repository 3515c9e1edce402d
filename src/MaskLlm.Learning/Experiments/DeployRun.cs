using System.Text;
using System.Text.Json.Nodes;
using MaskLlm.Architectures;
using MaskLlm.Data;
using MaskLlm.Decoding;
using MaskLlm.Formats;
using MaskLlm.Machine;
using MaskLlm.Masks;
using MaskLlm.Measures;
using MaskLlm.Packing;
using MaskLlm.Patterns;
using MaskLlm.Priors;
using MaskLlm.Products;
using MaskLlm.Rounding;
using MaskLlm.Runs;
using MaskLlm.Tasks;
using MaskLlm.Tokens;

namespace MaskLlm.Experiments;

/// <summary>Packs a model dense and under masks in several types of weights, evaluates each file, and then measures the speed of all of
/// them in turns.</summary>
public static class DeployRun
{
    /// <summary>Measures what is not measured yet and writes <c>table.md</c>; the same request on the same folder goes on.</summary>
    /// <param name="request">What to set side by side.</param>
    /// <param name="progress">Told of every step.</param>
    /// <param name="note">Told, in one sentence each, what a row gave.</param>
    /// <param name="cancellation">Stops between measurements; rows that are done stay.</param>
    /// <exception cref="ArgumentException">The request makes no sense, a mask does not fit, or the folder holds something else.</exception>
    /// <exception cref="FileNotFoundException">A text, a mask or data of a task are missing.</exception>
    /// <exception cref="InvalidDataException">Model, mask or text are broken.</exception>
    /// <exception cref="OperationCanceledException">Stopped.</exception>
    public static DeployReport Execute(DeployRequest request, IProgress<Progress>? progress = null, Action<string>? note = null,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        request.Validate();
        OrderedDictionary<string, Candidate> candidates = Candidates(request);
        OrderedDictionary<string, string> texts = EvaluationTexts.Named(request.EvalTexts, []);
        foreach (string text in texts.Values)
            if (!File.Exists(text)) throw new FileNotFoundException($"`EvalTexts` {text}: no such file.", text);
        JsonObject settings = Settings(request, candidates, texts, Checked(request, texts.Values, progress, cancellation));
        string path = Path.Combine(request.Out, "deploy.json");
        if (File.Exists(request.Out)) throw new ArgumentException($"`Out` {request.Out}: a file; name a folder.");
        TemporaryPath.Clean(request.Out);
        if (File.Exists(path)) RequireSame(CheckedJson.Read(path, json => json, "name another folder"), settings, request.Out);
        else if (FolderLock.IsUsed(request.Out))
            throw new ArgumentException($"`Out` {request.Out}: the folder holds files and no table of this kind; name a new one.");
        Directory.CreateDirectory(request.Out);
        using FolderLock locked = new(request.Out);
        if (!File.Exists(path)) CheckedJson.Write(path, settings);
        DeploySpeeds speeds = new(request, Path.Combine(request.Out, "speeds.json"));
        OrderedDictionary<string, DeployRow> rows = new(StringComparer.Ordinal);
        OrderedDictionary<string, PackedRow> packed = new(StringComparer.Ordinal);
        string folder = Path.Combine(request.Out, "files");
        foreach ((string name, Candidate candidate) in candidates)
            foreach (WeightType type in request.Types)
            {
                string title = $"{name} {RuntimeBenchmark.ShortName(type)}";
                string own = title.Replace('/', '-').Replace(' ', '-'), result = Path.Combine(request.Out, "rows", $"{own}.json");
                string file = Path.Combine(folder, $"{own}.maskllm");
                packed[title] = new PackedRow(file, CheckpointConfig.Read(candidate.Model));
                bool isDone = File.Exists(result);
                if (!File.Exists(file) && !(isDone && speeds.IsDone)) Pack(request, candidate, type, file, progress, cancellation);
                rows[title] = isDone ? Read(result) : Evaluate(request, name, type, packed[title], texts, progress, cancellation);
                if (isDone) continue;
                Write(result, rows[title]);
                note?.Invoke(FormattableString.Invariant(
                    $"{title}: {rows[title].FileMegabytes:0.0} MB, perplexity {rows[title].MeanPerplexity:0.00}"));
            }
        speeds.Measure(packed, progress, cancellation);
        if (Directory.Exists(folder)) Directory.Delete(folder, recursive: true);
        DeployReport report = new(request, [.. rows.Select(row => speeds.Of(row.Value, row.Key))], speeds.Kernel);
        string table = $"# {NameOf(request.Model)}: what to deploy\n\n{report.Markdown()}";
        AtomicFile.Write(Path.Combine(request.Out, "table.md"), stream => stream.Write(Encoding.UTF8.GetBytes(table)));
        locked.Remove();
        return report;
    }

    // Whatever can be wrong is found before the first row is measured, and before the folder is made. The hash of what is asked.
    private static string? Checked(DeployRequest request, IEnumerable<string> texts, IProgress<Progress>? progress,
        CancellationToken cancellation)
    {
        foreach (string mask in request.Masks) PriorMask.Read(mask, request.Model, NmPattern.TwoOfFour, "`Masks`");
        string? asked = null;
        foreach (string model in (string[])[request.Model, .. request.Others])
        {
            DecoderConfig config = CheckpointConfig.Read(model);
            Lazy<Tokenizer> tokenizer = new(() => ModelTokenizer.Load(model, config));
            foreach (string text in texts)
                EvaluationText.Read(new EvaluationRequest { Model = model, Data = text, SequenceLength = request.SequenceLength }, config,
                    tokenizer, progress, cancellation);
            if (request.Tasks is { } tasks)
                asked = new TaskRun(tasks, new TaskEncoding(tokenizer.Value), config.MaxPositions, progress, cancellation).Hash();
        }
        return asked;
    }

    private static string NameOf(string path) => Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(path)));

    private static void Write(string path, DeployRow row)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        CheckedJson.Write(path, new JsonObject { ["row"] = row.ToJson() });
    }

    private static DeployRow Read(string path) =>
        DeployRow.Parse(CheckedJson.Read(path, json => json, "remove it, and it is measured again")["row"]!.AsObject());

    private static OrderedDictionary<string, Candidate> Candidates(DeployRequest request)
    {
        string[] files = [request.Model, .. request.Masks, .. request.Others];
        for (int i = 1; i < files.Length; i++)
            if (files.Take(i).FirstOrDefault(earlier => FileIdentity.AreSame(earlier, files[i])) is { } same)
                throw new ArgumentException($"{files[i]} is {same}, which is named already; name each once.");
        foreach (string mask in request.Masks)
            if (!File.Exists(mask)) throw new FileNotFoundException($"`Masks` {mask}: no such file.", mask);
        OrderedDictionary<string, Candidate> candidates = new(StringComparer.Ordinal) { ["dense"] = new(request.Model, null) };
        foreach (string mask in request.Masks) Add(candidates, mask, new(request.Model, mask));
        foreach (string other in request.Others) Add(candidates, other, new(other, null));
        return candidates;
    }

    // By its file, or with its folder where that says more: RUN/mask.npz is RUN.
    private static void Add(OrderedDictionary<string, Candidate> candidates, string path, Candidate candidate)
    {
        string full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        string own = Path.GetFileNameWithoutExtension(full), folder = Path.GetFileName(Path.GetDirectoryName(full)) ?? own;
        string name = own is "mask" or "model" ? folder : Path.GetFileName(full);
        if (!candidates.TryAdd(name, candidate) && !candidates.TryAdd($"{folder}/{Path.GetFileName(full)}", candidate))
            throw new ArgumentException($"{path} is named twice, or as another; name each once.");
    }

    private static DeployRow Evaluate(DeployRequest request, string name, WeightType type, PackedRow packed,
        IReadOnlyDictionary<string, string> texts, IProgress<Progress>? progress, CancellationToken cancellation)
    {
        OrderedDictionary<string, double> perplexities = new(StringComparer.Ordinal);
        IReadOnlyList<TaskScore> tasks = [];
        foreach ((string text, string path) in texts)
        {
            // Tasks are asked once, with the first text.
            EvaluationRow found = RuntimeEvaluation.Run(new EvaluationRequest
            {
                Model = packed.File,
                Data = path,
                SequenceLength = request.SequenceLength,
                MaxWindows = request.MaxWindows,
                Tasks = perplexities.Count == 0 ? request.Tasks : null,
            }, request.Threads, progress, cancellation).Rows[0];
            perplexities.Add(text, found.Result!.Perplexity);
            if (found.Tasks.Count > 0) tasks = found.Tasks;
        }
        using RuntimeModel model = RuntimeModel.Open(packed.File);
        DecoderConfig config = packed.Config;
        RuntimeBenchmarkOptions options = RuntimeBenchmark.Within(request.Speeds, config.MaxPositions);
        // Reckoned: a process that had other models before takes less than its next one needs.
        double keysAndValues = sizeof(float) * (double)config.BlockCount * config.KeyValueHeadCount * (config.HeadSize + config.ValueSize)
            * options.Sequences.Max() * (options.Context + RuntimeBenchmark.StepsOfAPair);
        return new DeployRow(name, RuntimeBenchmark.ShortName(type), model.FileBytes / 1e6, (model.FileBytes + keysAndValues) / 1e6, [], 0,
            perplexities)
        { Tasks = tasks, SparseLayers = model.SparseLayers };
    }

    private static void Pack(DeployRequest request, Candidate candidate, WeightType type, string file, IProgress<Progress>? progress,
        CancellationToken cancellation)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        if (type == WeightType.Int4 && request.Data is { } data)
        {
            CalibratedExport.Write(
                new CalibratedExportRequest { Model = candidate.Model, Mask = candidate.Mask, Data = data, Out = file }, progress, null,
                cancellation);
            return;
        }
        IReadOnlyDictionary<string, Mask>? masks = candidate.Mask is null ? null : CheckpointMasks.Read(candidate.Mask, candidate.Model);
        RuntimeExport.Write(candidate.Model, masks, type, file, progress, cancellation);
    }

    // What decides the figures; limits only choose among them.
    private static JsonObject Settings(DeployRequest request, IReadOnlyDictionary<string, Candidate> candidates,
        IReadOnlyDictionary<string, string> texts, string? asked)
    {
        JsonObject inputs = InputHashes.OfModel(request.Model);
        foreach (Candidate candidate in candidates.Values)
        {
            if (candidate.Mask is { } mask) inputs[RecordedPath.Of(mask)] = InputHashes.Of(mask);
            if (candidate.Model != request.Model)
                foreach ((string file, JsonNode? hash) in InputHashes.OfModel(candidate.Model)) inputs[file] = hash!.DeepClone();
        }
        foreach (string text in texts.Values) inputs[RecordedPath.Of(text)] = InputHashes.Of(text);
        foreach (string source in request.Data?.Files() ?? []) inputs[RecordedPath.Of(source)] = InputHashes.Of(source);
        if (asked is not null) inputs["tasks"] = asked;
        return new JsonObject
        {
            ["data"] = request.Data is { } data
                ? new JsonArray([.. data.Sources.Select(source => (JsonNode)RecordedPath.Of(source))]) : null,
            ["types"] = new JsonArray([.. request.Types.Select(type => (JsonNode)WeightTypes.NameOf(type))]),
            ["seq-len"] = request.SequenceLength,
            ["max-windows"] = request.MaxWindows,
            ["tasks"] = request.Tasks is { } tasks ? new JsonArray([.. tasks.Tasks.Select(task => (JsonNode)RecordedPath.Of(task))]) : null,
            ["limit"] = request.Tasks?.Limit,
            ["repeats"] = request.Repeats,
            ["threads"] = request.Threads,
            ["inputs"] = inputs,
        };
    }

    private static void RequireSame(JsonObject earlier, JsonObject now, string folder)
    {
        foreach ((string name, JsonNode? value) in now)
            if (!JsonNode.DeepEquals(earlier[name], value))
                throw new ArgumentException($"`Out` {folder}: the table there was made with other {name}; ask for the same to go on, or "
                    + $"name another folder.");
    }

    /// <param name="Model">A checkpoint.</param>
    /// <param name="Mask">Of it; null for the weights as they are.</param>
    private sealed record Candidate(string Model, string? Mask);
}
