using System.Numerics.Tensors;
using MaskLlm.Architectures;
using MaskLlm.Tasks;

namespace MaskLlm.Decoding;

/// <summary>Likelihoods of continuations by the CPU runtime: a context stays in the cache for all its continuations, and several texts run
/// together.</summary>
/// <param name="decoder">The caller's.</param>
/// <param name="config">Of its model.</param>
internal sealed class RuntimeLikelihoods(RuntimeDecoder decoder, DecoderConfig config) : ILikelihoods
{
    // Where the rotary embedding depends on how long a text is, a context is another one for each continuation.
    private readonly bool _runsAlone = config.RotaryDependsOnLength;

    private readonly float[] _exponentials = new float[decoder.VocabularySize];

    public int MaxPositions => decoder.ContextLength;

    // Of a text a batch has its context, or the longest of its continuations.
    public void Score(IReadOnlyList<ScoredText> texts, Action<int, Likelihood[]> scored, CancellationToken cancellation) =>
        ScoredBatches.Score(texts, _runsAlone,
            some => some.Sum(text => Math.Max(text.Context.Length, text.Continuations.Max(one => one.Length))),
            decoder.Options.TokensAtOnce, Run, scored, cancellation);

    private Likelihood[][] Run(ScoredText[] texts)
    {
        KeyValueCache[] caches = [.. texts.Select(_ => decoder.StartSequence())];
        try
        {
            Likelihood[][] found = [.. texts.Select(text => Likelihood.Starts(text.Continuations.Count))];
            RunContexts(texts, caches, found);
            for (int ending = 0; ending < texts.Max(text => text.Continuations.Count); ending++) RunEndings(texts, caches, ending, found);
            return found;
        }
        finally
        {
            foreach (KeyValueCache cache in caches) cache.Dispose();
        }
    }

    private void RunContexts(ScoredText[] texts, KeyValueCache[] caches, Likelihood[][] found)
    {
        List<(BatchToken Token, Action<ReadOnlySpan<float>>? Then)> queue = [];
        for (int i = 0; i < texts.Length; i++)
        {
            (ScoredText text, Likelihood[] sums) = (texts[i], found[i]);
            caches[i].Expect(text.Context.Length + text.Continuations.Max(one => one.Length) - 1);
            for (int at = 0; at < text.Context.Length; at++)
            {
                bool isLast = at == text.Context.Length - 1;
                queue.Add((new BatchToken(caches[i], text.Context[at], isLast), isLast ? logits =>
                {
                    for (int ending = 0; ending < sums.Length; ending++) Add(ref sums[ending], logits, text.Continuations[ending][0]);
                }
                : null));
            }
        }
        Run(queue);
    }

    private void RunEndings(ScoredText[] texts, KeyValueCache[] caches, int ending, Likelihood[][] found)
    {
        List<(BatchToken Token, Action<ReadOnlySpan<float>>? Then)> queue = [];
        for (int i = 0; i < texts.Length; i++)
        {
            if (ending >= texts[i].Continuations.Count) continue;
            (int[] ids, Likelihood[] sums) = (texts[i].Continuations[ending], found[i]);
            caches[i].Truncate(texts[i].Context.Length);
            caches[i].Expect(texts[i].Context.Length + ids.Length - 1);
            for (int at = 0; at < ids.Length - 1; at++)
            {
                int next = ids[at + 1];
                queue.Add((new BatchToken(caches[i], ids[at], WantsLogits: true), logits => Add(ref sums[ending], logits, next)));
            }
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
