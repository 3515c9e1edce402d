using System.Numerics.Tensors;
using MaskLlm.Architectures;
using MaskLlm.Tasks;

namespace MaskLlm.Decoding;

/// <summary>Likelihoods of continuations by the CPU runtime: what the texts of a document begin with stays in the cache for all of them,
/// and several documents run together.</summary>
/// <param name="decoder">The caller's.</param>
/// <param name="config">Of its model.</param>
internal sealed class RuntimeLikelihoods(RuntimeDecoder decoder, DecoderConfig config) : ILikelihoods
{
    // Where the rotary embedding depends on how long a text is, a beginning is another one for each ending.
    private readonly bool _runsAlone = config.RotaryDependsOnLength;

    private readonly float[] _exponentials = new float[decoder.VocabularySize];

    public int MaxPositions => decoder.ContextLength;

    // Of a text a batch has its beginning, or the longest of its endings.
    public void Score(IReadOnlyList<ScoredText> texts, Action<int, Likelihood[]> scored, Action<double>? passed,
        CancellationToken cancellation)
    {
        ScoredBatches batches = new(texts, _runsAlone,
            some => some.Sum(text => Math.Max(text.Beginning.Length, text.Endings.Max(one => one.Ids.Length))),
            decoder.Options.TokensAtOnce, scored);
        for (int i = 0; i < batches.Count; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            batches.Answer(i, Run(batches[i]));
            passed?.Invoke((i + 1.0) / batches.Count);
        }
    }

    private Likelihood[][] Run(ScoredText[] texts)
    {
        KeyValueCache[] caches = [.. texts.Select(_ => decoder.StartSequence())];
        try
        {
            Likelihood[][] found = [.. texts.Select(text => Likelihood.Starts(text.Endings.Count))];
            RunBeginnings(texts, caches, found);
            for (int ending = 0; ending < texts.Max(text => text.Endings.Count); ending++) RunEndings(texts, caches, ending, found);
            return found;
        }
        finally
        {
            foreach (KeyValueCache cache in caches) cache.Dispose();
        }
    }

    private void RunBeginnings(ScoredText[] texts, KeyValueCache[] caches, Likelihood[][] found)
    {
        List<(BatchToken Token, Action<ReadOnlySpan<float>>? Then)> queue = [];
        for (int i = 0; i < texts.Length; i++)
        {
            (ScoredText text, Likelihood[] sums) = (texts[i], found[i]);
            caches[i].Expect(text.Beginning.Length + text.Endings.Max(one => one.Ids.Length) - 1);
            ILookup<int, (int Ending, int Next)> predicted = Enumerable.Range(0, sums.Length)
                .SelectMany(ending => text.Predictions(ending).Select(one => (one.At, Ending: ending, one.Next)))
                .ToLookup(one => one.At, one => (one.Ending, one.Next));
            for (int at = 0; at < text.Beginning.Length; at++)
            {
                (int Ending, int Next)[] here = [.. predicted[at]];
                queue.Add((new BatchToken(caches[i], text.Beginning[at], here.Length > 0), here.Length == 0 ? null : logits =>
                {
                    foreach ((int ending, int next) in here) Add(ref sums[ending], logits, next);
                }
                ));
            }
        }
        Run(queue);
    }

    private void RunEndings(ScoredText[] texts, KeyValueCache[] caches, int ending, Likelihood[][] found)
    {
        List<(BatchToken Token, Action<ReadOnlySpan<float>>? Then)> queue = [];
        for (int i = 0; i < texts.Length; i++)
        {
            if (ending >= texts[i].Endings.Count) continue;
            (ScoredText text, Likelihood[] sums) = (texts[i], found[i]);
            int[] ids = text.Endings[ending].Ids;
            Dictionary<int, int> predicted = text.Predictions(ending).ToDictionary(one => one.At - text.Beginning.Length, one => one.Next);
            caches[i].Truncate(text.Beginning.Length);
            caches[i].Expect(text.Beginning.Length + ids.Length - 1);
            for (int at = 0; at < ids.Length - 1; at++)
                queue.Add(predicted.TryGetValue(at, out int next)
                    ? (new BatchToken(caches[i], ids[at], WantsLogits: true), logits => Add(ref sums[ending], logits, next))
                    : (new BatchToken(caches[i], ids[at], WantsLogits: false), null));
        }
        Run(queue);
    }

    private void Run(List<(BatchToken Token, Action<ReadOnlySpan<float>>? Then)> queue)
    {
        foreach ((BatchToken Token, Action<ReadOnlySpan<float>>? Then)[] batch in queue.Chunk(decoder.Options.TokensAtOnce))
        {
            decoder.Forward([.. batch.Select(each => each.Token)]);
            int wanted = 0;
            foreach ((_, Action<ReadOnlySpan<float>>? then) in batch)
                if (then is not null) then(decoder.Logits(wanted++));
        }
    }

    private void Add(ref Likelihood sum, ReadOnlySpan<float> logits, int id)
    {
        double value = -LogitLoss.Of(logits, id, _exponentials);
        if (!double.IsFinite(value))
            throw new InvalidDataException("the likelihood of a choice is NaN or infinite; the model's weights are damaged.");
        sum = sum.With(value, logits.IndexOf(TensorPrimitives.Max(logits)) == id);
    }
}
