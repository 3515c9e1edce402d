using MaskLlm.Architectures;
using MaskLlm.Data;
using MaskLlm.Machine;
using MaskLlm.Masks;
using MaskLlm.Measures;
using MaskLlm.Models;

namespace MaskLlm.Evaluation;

/// <summary>Measures a checkpoint dense and under masks, all on the same text.</summary>
public static class MaskEvaluation
{
    /// <summary>Takes the perplexities; the text is encoded once, without special tokens, and the model loaded once.</summary>
    /// <param name="request">What to measure.</param>
    /// <param name="progress">Told what is being done, units done and units in all.</param>
    /// <param name="cancellation">Stops between windows.</param>
    /// <exception cref="ArgumentException">The window does not fit the model or the text.</exception>
    /// <exception cref="FileNotFoundException">The text, a mask or the tokenizer is missing.</exception>
    /// <exception cref="InvalidDataException">Model, tokenizer, text or mask are broken, or a mask belongs to another model.</exception>
    /// <exception cref="NotSupportedException">A family, tokenizer or kind of file that is not known.</exception>
    /// <exception cref="InsufficientMemoryException">The weights do not fit.</exception>
    /// <exception cref="OperationCanceledException">Stopped.</exception>
    public static EvaluationReport Run(EvaluationRequest request, IProgress<Progress>? progress = null,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        DecoderConfig config = CheckpointConfig.Read(request.Model);
        int length = PerplexityWindows.Length(
            config, request.SequenceLength ?? WholeTokens.RowLength(request.Data, config.MaxPositions));
        PerplexityWindows.RequireFit(config, length, request.MaxWindows);
        // Whatever can be wrong with small files is found before the weights are read.
        List<IReadOnlyDictionary<string, Mask>> masks = ReadMasks(request);
        int[] ids = ReadIds(request, config, progress, cancellation);
        PerplexityWindows.RequireText(ids.Length, length);
        cancellation.ThrowIfCancellationRequested();
        progress?.Report(new Progress("loading the model", 0, 1));
        using Decoder model = Checkpoint.Load(request.Model, keepBFloat16: true);
        PerplexityResult Measure(string what) => Perplexity.Evaluate(
            model, ids, length, request.MaxWindows, progress, what, cancellation);
        List<EvaluationRow> rows = [new EvaluationRow(null, Measure("the dense model"))];
        for (int i = 0; i < masks.Count; i++)
        {
            using MaskedWeights masked = MaskedWeights.Apply(model, masks[i]);
            rows.Add(new EvaluationRow(request.Masks[i], Measure(request.Masks[i])));
        }
        return new EvaluationReport(request.Model, request.Data, length, rows);
    }

    private static List<IReadOnlyDictionary<string, Mask>> ReadMasks(EvaluationRequest request)
    {
        if (request.Masks.Count == 0) return [];
        return [.. request.Masks.Select(file => CheckpointMasks.Read(file, request.Model))];
    }

    private static int[] ReadIds(EvaluationRequest request, DecoderConfig config, IProgress<Progress>? progress,
        CancellationToken cancellation)
    {
        progress?.Report(new Progress($"reading {request.Data}", 0, 1));
        return WholeTokens.Read(request.Data, config.VocabularySize, text => ModelTokenizer.Load(request.Model, config).Encode(text),
            cancellation);
    }
}
