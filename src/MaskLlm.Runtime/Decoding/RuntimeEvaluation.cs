using System.Diagnostics;
using MaskLlm.Machine;
using MaskLlm.Measures;
using MaskLlm.Products;
using MaskLlm.Tasks;
using MaskLlm.Tokens;

namespace MaskLlm.Decoding;

/// <summary>How a runtime file does with a text and with tasks, computed by the CPU runtime as it would talk, by the protocol of
/// <see cref="PerplexityWindows"/>.</summary>
public static class RuntimeEvaluation
{
    /// <summary>Measures it; the text is encoded with the file's tokenizer, without special tokens.</summary>
    /// <param name="request">The runtime file as the model, the text, its windows and the tasks; masks are the file's own.</param>
    /// <param name="threads">Threads; null for all processors.</param>
    /// <param name="progress">Told what is being done, units done and units in all.</param>
    /// <param name="cancellation">Stops between windows and batches.</param>
    /// <exception cref="ArgumentException">A mask, a name that is no task, or a window that does not fit the model or the text.</exception>
    /// <exception cref="FileNotFoundException">The file, the text or data of a task are missing.</exception>
    /// <exception cref="InvalidDataException">The file, the text or the data are broken.</exception>
    /// <exception cref="NotSupportedException">A file of a later version, or a kind of text that is not known.</exception>
    /// <exception cref="InsufficientMemoryException">The cache of keys and values has no room for a window.</exception>
    /// <exception cref="OperationCanceledException">Stopped.</exception>
    public static EvaluationReport Run(EvaluationRequest request, int? threads = null, IProgress<Progress>? progress = null,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        request.Validate();
        if (request.Masks.Count > 0)
            throw new ArgumentException($"{request.Model} is a runtime file, whose mask is its own; `Masks` is for a Hugging Face folder.");
        using RuntimeModel model = RuntimeModel.Open(request.Model, map: request.Stream ?? false);
        Lazy<Tokenizer> tokenizer = new(model.LoadTokenizer);
        EvaluationText? text = request.Data is null ? null
            : EvaluationText.Read(request, model.Config, tokenizer, progress, cancellation);
        TaskRun? tasks = request.Tasks is null ? null
            : new TaskRun(request.Tasks, new TaskEncoding(tokenizer.Value), model.Config.MaxPositions, progress, cancellation);
        using RuntimeDecoder decoder = new(model, new RuntimeDecoderOptions { Threads = threads });
        string? mask = model.SparseLayers > 0 ? "in the file" : null;
        TaskLog log = new(request.LogSamples);
        EvaluationRow row = new(mask, text is null ? null : Perplexity(decoder, text, request, progress, cancellation))
        {
            Tasks = tasks?.Ask(new RuntimeLikelihoods(decoder, model.Config), "asking the file",
                (task, answer) => log.Add(mask, task, answer), progress, cancellation) ?? [],
        };
        log.Write();
        return new EvaluationReport(request.Model, request.Data, text?.Length, [row])
        {
            Arithmetic = $"weights in {WeightTypes.NameOf(model.Type)} on the CPU runtime ({decoder.Kernel})",
        };
    }

    private static PerplexityResult Perplexity(RuntimeDecoder decoder, EvaluationText text, EvaluationRequest request,
        IProgress<Progress>? progress, CancellationToken cancellation)
    {
        int length = text.Length, windows = PerplexityWindows.Count(text.Ids.Length, length, request.MaxWindows);
        Stopwatch watch = Stopwatch.StartNew();
        double total = 0;
        for (int window = 0; window < windows; window++)
        {
            cancellation.ThrowIfCancellationRequested();
            total += NegativeLogLikelihood(decoder, text.Ids.AsSpan(window * length, length));
            progress?.Report(new Progress("evaluating the file", window + 1, windows));
        }
        return text.WithUnits(
            PerplexityResult.Of(request.Model, total, text.Ids.Length, length, windows, watch.Elapsed.TotalSeconds));
    }

    // In nats, over all tokens of the window but the first.
    private static double NegativeLogLikelihood(RuntimeDecoder decoder, ReadOnlySpan<int> window)
    {
        using KeyValueCache cache = decoder.StartSequence();
        cache.Expect(window.Length);
        BatchToken[] tokens = new BatchToken[Math.Min(window.Length - 1, decoder.Options.TokensAtOnce)];
        float[] exponentials = new float[decoder.VocabularySize];
        double total = 0;
        for (int at = 0; at < window.Length - 1; at += tokens.Length)
        {
            int count = Math.Min(tokens.Length, window.Length - 1 - at);
            for (int i = 0; i < count; i++) tokens[i] = new BatchToken(cache, window[at + i], WantsLogits: true);
            decoder.Forward(tokens.AsSpan(0, count));
            for (int i = 0; i < count; i++) total += LogitLoss.Of(decoder.Logits(i), window[at + i + 1], exponentials);
        }
        return total;
    }
}
