using System.Diagnostics;

namespace MaskLlm.Decoding;

/// <summary>Continues one sequence.</summary>
public static class Generation
{
    /// <summary>Runs a prompt and draws tokens after it.</summary>
    /// <param name="decoder">The model.</param>
    /// <param name="cache">The sequence, with what was said before; the prompt and the new tokens but the last go into it.</param>
    /// <param name="prompt">At least one token.</param>
    /// <param name="tokens">New tokens at most; fewer where the context ends or the text does.</param>
    /// <param name="sampling">How they are drawn.</param>
    /// <param name="endOfText">Tokens that end the text.</param>
    /// <param name="onToken">Told each new token as it comes.</param>
    /// <param name="stop">Ends the text after the token that is being drawn.</param>
    /// <exception cref="ArgumentException">No prompt, or one that is longer than the context.</exception>
    public static GenerationResult Continue(
        RuntimeDecoder decoder, KeyValueCache cache, IReadOnlyList<int> prompt, int tokens, SamplingOptions sampling,
        IReadOnlyList<int> endOfText, Action<int>? onToken = null, CancellationToken stop = default)
    {
        ArgumentNullException.ThrowIfNull(decoder);
        ArgumentNullException.ThrowIfNull(cache);
        ArgumentNullException.ThrowIfNull(prompt);
        ArgumentNullException.ThrowIfNull(endOfText);
        if (prompt.Count == 0) throw new ArgumentException("the prompt has no token; give some text.");
        if (cache.Length + prompt.Count > decoder.ContextLength)
            throw new ArgumentException($"the prompt makes {cache.Length + prompt.Count} tokens and the context has "
                + $"{decoder.ContextLength}; shorten it.");
        Sampler sampler = new(sampling, decoder.VocabularySize);
        Stopwatch watch = Stopwatch.StartNew();
        Prefill(decoder, cache, prompt, stop);
        foreach (int id in prompt) sampler.See(id);
        List<int> ids = [];
        double promptSeconds = watch.Elapsed.TotalSeconds;
        while (ids.Count < tokens)
        {
            int id = sampler.Draw(decoder.Logits(0), cache.Length);
            if (ids.Count == 0) promptSeconds = watch.Elapsed.TotalSeconds;
            sampler.See(id);
            ids.Add(id);
            onToken?.Invoke(id);
            if (endOfText.Contains(id) || stop.IsCancellationRequested || ids.Count == tokens || cache.Length == decoder.ContextLength)
                break;
            decoder.Forward([new BatchToken(cache, id, WantsLogits: true)]);
        }
        return new GenerationResult(prompt.Count, ids, promptSeconds, watch.Elapsed.TotalSeconds - promptSeconds);
    }

    private static void Prefill(RuntimeDecoder decoder, KeyValueCache cache, IReadOnlyList<int> prompt, CancellationToken stop)
    {
        cache.Expect(cache.Length + prompt.Count);
        BatchToken[] batch = new BatchToken[Math.Min(prompt.Count, decoder.Options.TokensAtOnce)];
        for (int at = 0; at < prompt.Count; at += batch.Length)
        {
            stop.ThrowIfCancellationRequested();
            int count = Math.Min(batch.Length, prompt.Count - at);
            for (int i = 0; i < count; i++) batch[i] = new BatchToken(cache, prompt[at + i], at + i == prompt.Count - 1);
            decoder.Forward(batch.AsSpan(0, count));
        }
    }
}
