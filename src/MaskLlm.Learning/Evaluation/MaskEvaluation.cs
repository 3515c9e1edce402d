using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using MaskLlm.Architectures;
using MaskLlm.Data;
using MaskLlm.Distributed;
using MaskLlm.Machine;
using MaskLlm.Masks;
using MaskLlm.Measures;
using MaskLlm.Models;
using MaskLlm.Runs;
using MaskLlm.Tasks;
using MaskLlm.Tokens;

namespace MaskLlm.Evaluation;

/// <summary>Measures a checkpoint dense and under masks, all on the same text and the same tasks.</summary>
public static class MaskEvaluation
{
    /// <summary>Takes perplexities and asks tasks; a text is encoded once, without special tokens, and the model loaded once.</summary>
    /// <param name="request">What to measure.</param>
    /// <param name="progress">Told what is being done, units done and units in all.</param>
    /// <param name="warn">Told, in one sentence, where the weights do not fit into memory and are read block by block.</param>
    /// <param name="cancellation">Stops between windows and batches.</param>
    /// <exception cref="ArgumentException">The window does not fit the model or the text, or a name is no task.</exception>
    /// <exception cref="FileNotFoundException">The text, a mask, data of a task or the tokenizer is missing.</exception>
    /// <exception cref="InvalidDataException">Model, tokenizer, text, data or mask are broken, or a mask is of another model.</exception>
    /// <exception cref="NotSupportedException">A family, tokenizer or kind of file that is not known.</exception>
    /// <exception cref="InsufficientMemoryException">The weights do not fit.</exception>
    /// <exception cref="OperationCanceledException">Stopped.</exception>
    public static EvaluationReport Run(EvaluationRequest request, IProgress<Progress>? progress = null, Action<string>? warn = null,
        CancellationToken cancellation = default) => Run(request, Ranks.Alone, progress, warn, cancellation);

    /// <summary>The same of several processes, each with the same request: the windows are split, and tasks are the first's.</summary>
    /// <param name="request">What to measure.</param>
    /// <param name="ranks">The processes; all of them call this.</param>
    /// <param name="progress">As of one process.</param>
    /// <param name="warn">As of one process.</param>
    /// <param name="cancellation">As of one process.</param>
    /// <exception cref="ArgumentException">As of one process; or a rank has another request or input.</exception>
    public static EvaluationReport Run(EvaluationRequest request, Ranks ranks, IProgress<Progress>? progress = null,
        Action<string>? warn = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(ranks);
        if (ranks.IsFirst) request.Validate();
        if (ranks.Size > 1) RankAgreement.Require(ranks, Asked(request), "option");
        DecoderConfig config = CheckpointConfig.Read(request.Model);
        // Whatever can be wrong with small files is found before the weights are read.
        List<IReadOnlyDictionary<string, Mask>> masks = ReadMasks(request);
        Lazy<Tokenizer> tokenizer = new(() => ModelTokenizer.Load(request.Model, config));
        EvaluationText? text = request.Data is null ? null : EvaluationText.Read(request, config, tokenizer, progress, cancellation);
        TaskRun? tasks = request.Tasks is null ? null
            : new TaskRun(request.Tasks, new TaskEncoding(tokenizer.Value), config.MaxPositions, progress, cancellation);
        cancellation.ThrowIfCancellationRequested();
        progress?.Report(new Progress("loading the model", 0, 1));
        if (ranks.Size > 1) RankAgreement.Require(ranks, Inputs(request, text), "input");
        using Decoder model = Checkpoint.LoadOrStream(request.Model, request.Stream, warn);
        TaskLog log = new(request.LogSamples);
        RouterChoices? dense = null;
        EvaluationRow Measure(string? mask, string what)
        {
            PerplexityResult? result;
            RouterChoices? choices = text is null || request.Masks.Count == 0 || ranks.Size > 1 ? null : RouterChoices.Watch(model);
            using (choices)
                result = text is null ? null
                    : Perplexity.Evaluate(model, text.Ids, text.Length, request.MaxWindows, progress, null, what, cancellation, ranks);
            if (mask is null) dense = choices;
            return new EvaluationRow(mask, result is null ? null : text!.WithUnits(result))
            {
                RouterChoicesChanged = mask is null || dense is null ? null : choices!.ShareChanged(dense),
                Tasks = !ranks.IsFirst ? [] : tasks?.Ask(new TorchLikelihoods(model), $"asking {what}",
                    (task, answer) => log.Add(mask, task, answer), progress, cancellation) ?? [],
            };
        }
        List<EvaluationRow> rows = [Measure(null, "the dense model")];
        for (int i = 0; i < masks.Count; i++)
        {
            using MaskedWeights masked = MaskedWeights.Apply(model, masks[i]);
            rows.Add(Measure(request.Masks[i], request.Masks[i]));
        }
        if (ranks.IsFirst) log.Write();
        return new EvaluationReport(request.Model, request.Data, text?.Length, rows);
    }

    private static JsonObject Asked(EvaluationRequest request) => new()
    {
        ["model"] = request.Model,
        ["data"] = request.Data,
        ["mask"] = new JsonArray([.. request.Masks.Select(mask => (JsonNode)mask)]),
        ["seq-len"] = request.SequenceLength,
        ["max-windows"] = request.MaxWindows,
        ["tasks"] = request.Tasks is { } tasks ? new JsonArray([.. tasks.Tasks.Select(task => (JsonNode)task)]) : null,
    };

    private static JsonObject Inputs(EvaluationRequest request, EvaluationText? text)
    {
        JsonObject inputs = InputHashes.OfModel(request.Model);
        foreach (string mask in request.Masks) inputs[RecordedPath.Of(mask)] = InputHashes.Of(mask);
        if (text is not null) inputs["data"] = Convert.ToHexStringLower(SHA256.HashData(MemoryMarshal.AsBytes(text.Ids.AsSpan())));
        return inputs;
    }

    private static List<IReadOnlyDictionary<string, Mask>> ReadMasks(EvaluationRequest request)
    {
        if (request.Masks.Count == 0) return [];
        return [.. request.Masks.Select(file => CheckpointMasks.Read(file, request.Model))];
    }
}
