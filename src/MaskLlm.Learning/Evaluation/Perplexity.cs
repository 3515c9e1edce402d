using System.Diagnostics;
using MaskLlm.Distributed;
using MaskLlm.Machine;
using MaskLlm.Measures;
using MaskLlm.Models;
using MaskLlm.Numerals;
using TorchSharp;
using static TorchSharp.torch;

namespace MaskLlm.Evaluation;

/// <summary>
/// Token perplexity over a text as the original evaluation script takes it: non-overlapping windows of N tokens, N - 1
/// predicted tokens in each and nothing across windows, the tail dropped.
/// </summary>
public static class Perplexity
{
    // Windows run together up to this many tokens; more only costs memory.
    private const int TokensAtOnce = 2048;

    /// <summary>Evaluates one text.</summary>
    /// <param name="model">The model, with whatever weights its linear layers have now.</param>
    /// <param name="ids">Token ids of the whole text, no special tokens.</param>
    /// <param name="windowLength">N, in tokens; at least 2 and at most the model's positions.</param>
    /// <param name="maxWindows">Stop after the first this many windows, at least 1; null for all.</param>
    /// <param name="progress">Told of the windows.</param>
    /// <param name="what">The model's name in a message.</param>
    /// <param name="cancellation">Stops between windows.</param>
    /// <exception cref="ArgumentException">The window does not fit the model or the text.</exception>
    /// <exception cref="InvalidDataException">The perplexity is NaN or infinite.</exception>
    public static PerplexityResult Evaluate(
        Decoder model, ReadOnlyMemory<int> ids, int windowLength, int? maxWindows = null, IProgress<Progress>? progress = null,
        string what = "the model", CancellationToken cancellation = default) =>
        Evaluate(model, ids, windowLength, maxWindows, progress, null, what, cancellation);

    // Progress goes on from start, a window counting one, where the text is a part of something longer.
    internal static PerplexityResult Evaluate(
        Decoder model, ReadOnlyMemory<int> ids, int windowLength, int? maxWindows, IProgress<Progress>? progress, Progress? start,
        string what, CancellationToken cancellation, Ranks? ranks = null)
    {
        ranks ??= Ranks.Alone;
        PerplexityWindows.RequireFit(model.Config, windowLength, maxWindows);
        PerplexityWindows.RequireText(ids.Length, windowLength);
        int windows = PerplexityWindows.Count(ids.Length, windowLength, maxWindows);
        start ??= new Progress($"evaluating {what}", 0, windows);
        Stopwatch watch = Stopwatch.StartNew();
        int first = ranks.FirstOf(windows), own = ranks.CountOf(windows);
        double total = ranks.Sum(Sum(model, own, windowLength, (window, target) =>
            ids.Slice((first + window) * windowLength, windowLength).Span.CopyTo(target), done =>
                progress?.Report(start with { Done = start.Done + (long)done * windows / Math.Max(1, own) }), cancellation))[0];
        return PerplexityResult.Of(what, total, ids.Length, windowLength, windows, watch.Elapsed.TotalSeconds);
    }

    /// <summary>Perplexity of separate windows of equal length, such as held-out sequences.</summary>
    /// <param name="model">The model.</param>
    /// <param name="windows">Token ids, each of one length of at least 2.</param>
    /// <param name="what">The model's name in a message.</param>
    /// <param name="cancellation">Stops between windows.</param>
    /// <exception cref="InvalidDataException">The perplexity is NaN or infinite.</exception>
    public static double OfWindows(Decoder model, IReadOnlyList<int[]> windows, string what = "the model",
        CancellationToken cancellation = default) =>
        OfWindows(model, windows, Ranks.Alone, what, cancellation);

    /// <summary>The same with the windows split over ranks; all of them call it, and have the whole.</summary>
    internal static double OfWindows(Decoder model, IReadOnlyList<int[]> windows, Ranks ranks, string what,
        CancellationToken cancellation)
    {
        int length = windows[0].Length, first = ranks.FirstOf(windows.Count);
        double total = ranks.Sum(Sum(model, ranks.CountOf(windows.Count), length, (window, target) =>
            windows[first + window].CopyTo(target), _ => { }, cancellation))[0];
        return Finite.Perplexity(what, total, (long)windows.Count * (length - 1));
    }

    private delegate void CopyWindow(int window, Span<int> target);

    private static double Sum(Decoder model, int windows, int length, CopyWindow copy, Action<int> done,
        CancellationToken cancellation)
    {
        int together = Math.Max(1, TokensAtOnce / length), batches = (windows + together - 1) / together;
        double total = 0;
        Tensor Read(int batch)
        {
            int rows = Math.Min(together, windows - batch * together);
            int[] ids = new int[rows * length];
            for (int r = 0; r < rows; r++) copy(batch * together + r, ids.AsSpan(r * length, length));
            return TokenBatch.Of(ids, rows, model.Device);
        }
        BlockPass.Run(model, batches, batch => (Read(batch), null), (batch, hidden) =>
            total += NegativeLogLikelihood(model.Head, hidden, Read(batch).narrow(1, 1, length - 1)),   // nothing across windows
            share => done((int)Math.Min(windows, Math.Round(share * batches * together))), cancellation);
        return total;
    }

    /// <summary>Sum over all targets, in nats.</summary>
    /// <param name="model">The model.</param>
    /// <param name="inputs">(B, T) int64.</param>
    /// <param name="targets">(B, up to T) int64: the token after each; what the model says after the last inputs may go unused.</param>
    internal static double NegativeLogLikelihood(Decoder model, Tensor inputs, Tensor targets)
    {
        using DisposeScope scope = NewDisposeScope();
        return NegativeLogLikelihood(model.Head, model.Hidden(inputs), targets);
    }

    private static double NegativeLogLikelihood(VocabularyHead head, Tensor hidden, Tensor targets)
    {
        Tensor predicting = hidden.narrow(1, 0, targets.size(1));   // (B, T, D)
        return VocabularyLoss.Total(predicting.reshape(-1, predicting.size(2)), head, targets.reshape(-1),
            VocabularyLoss.ChunkTokens(head.Layer.Rows));
    }
}
