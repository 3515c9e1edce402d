using System.Diagnostics;
using System.Numerics.Tensors;
using MaskLlm.Data;
using MaskLlm.Machine;
using MaskLlm.Measures;
using MaskLlm.Products;

namespace MaskLlm.Decoding;

/// <summary>The perplexity of a runtime file, computed by the CPU runtime as it would talk, by the protocol of
/// <see cref="PerplexityWindows"/>.</summary>
public static class RuntimePerplexity
{
    /// <summary>Takes it; the text is encoded with the file's tokenizer, without special tokens.</summary>
    /// <param name="request">The runtime file as the model, the text and the windows; masks are the file's own.</param>
    /// <param name="threads">Threads; null for all processors.</param>
    /// <param name="progress">Told what is being done, units done and units in all.</param>
    /// <param name="cancellation">Stops between windows.</param>
    /// <exception cref="ArgumentException">A mask, or a window that does not fit the model or the text.</exception>
    /// <exception cref="FileNotFoundException">The file or the text is missing.</exception>
    /// <exception cref="InvalidDataException">The file or the text is broken.</exception>
    /// <exception cref="NotSupportedException">A file of a later version, or a kind of text that is not known.</exception>
    /// <exception cref="InsufficientMemoryException">The cache of keys and values has no room for a window.</exception>
    /// <exception cref="OperationCanceledException">Stopped.</exception>
    public static EvaluationReport Run(EvaluationRequest request, int? threads = null, IProgress<Progress>? progress = null,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        if (request.Masks.Count > 0)
            throw new ArgumentException($"{request.Model} is a runtime file, whose mask is its own; `Masks` is for a Hugging Face folder.");
        using RuntimeModel model = RuntimeModel.Open(request.Model);
        int length = PerplexityWindows.Length(
            model.Config, request.SequenceLength ?? WholeTokens.RowLength(request.Data, model.Config.MaxPositions));
        PerplexityWindows.RequireFit(model.Config, length, request.MaxWindows);
        progress?.Report(new Progress($"reading {request.Data}", 0, 1));
        int[] ids = WholeTokens.Read(request.Data, model.Config.VocabularySize, text => model.LoadTokenizer().Encode(text), cancellation);
        PerplexityWindows.RequireText(ids.Length, length);
        int windows = PerplexityWindows.Count(ids.Length, length, request.MaxWindows);
        using RuntimeDecoder decoder = new(model, new RuntimeDecoderOptions { Threads = threads });
        Stopwatch watch = Stopwatch.StartNew();
        double total = 0;
        for (int window = 0; window < windows; window++)
        {
            cancellation.ThrowIfCancellationRequested();
            total += NegativeLogLikelihood(decoder, ids.AsSpan(window * length, length));
            progress?.Report(new Progress("evaluating the file", window + 1, windows));
        }
        PerplexityResult result = PerplexityResult.Of(request.Model, total, ids.Length, length, windows, watch.Elapsed.TotalSeconds);
        return new EvaluationReport(request.Model, request.Data, length,
            [new EvaluationRow(model.SparseLayers > 0 ? "in the file" : null, result)])
        {
            Arithmetic = $"weights in {WeightTypes.NameOf(model.Type)} on the CPU runtime ({decoder.Kernel})",
        };
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
            for (int i = 0; i < count; i++)
            {
                ReadOnlySpan<float> logits = decoder.Logits(i);
                float largest = TensorPrimitives.Max(logits);
                TensorPrimitives.Subtract(logits, largest, exponentials);
                TensorPrimitives.Exp(exponentials, exponentials);
                total += Math.Log(TensorPrimitives.Sum<float>(exponentials)) + largest - logits[window[at + i + 1]];
            }
        }
        return total;
    }
}
