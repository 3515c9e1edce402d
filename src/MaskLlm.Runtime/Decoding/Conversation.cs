namespace MaskLlm.Decoding;

/// <summary>A text that grows by turns: what the cache has of it already is not run again.</summary>
/// <param name="decoder">The model.</param>
/// <param name="endOfText">Tokens that end a turn.</param>
public sealed class Conversation(RuntimeDecoder decoder, IReadOnlyList<int> endOfText) : IDisposable
{
    private readonly KeyValueCache _cache = decoder.StartSequence();
    private readonly List<int> _said = [];

    /// <summary>Goes on with the whole text so far.</summary>
    /// <param name="text">All of its tokens, those of earlier turns too; only those from the first that differs are run.</param>
    /// <param name="tokens">New tokens at most.</param>
    /// <param name="sampling">How they are drawn.</param>
    /// <param name="onToken">Told each new token as it comes.</param>
    /// <param name="stop">Ends the text after the token that is being drawn.</param>
    /// <returns>The new tokens; its prompt is what was run.</returns>
    /// <exception cref="ArgumentException">No token, or more than the context has.</exception>
    public GenerationResult Continue(IReadOnlyList<int> text, int tokens, SamplingOptions sampling, Action<int> onToken,
        CancellationToken stop)
    {
        // The last is run again in any case: the logits after it are wanted.
        int same = 0, most = Math.Min(_said.Count, text.Count - 1);
        while (same < most && _said[same] == text[same]) same++;
        _cache.Truncate(Math.Max(0, same));
        _said.RemoveRange(_cache.Length, _said.Count - _cache.Length);
        GenerationResult result = Generation.Continue(decoder, _cache, [.. text.Skip(_cache.Length)], tokens, sampling, endOfText, onToken,
            stop);
        _said.AddRange(text.Skip(_said.Count).Concat(result.Ids).Take(_cache.Length - _said.Count));
        return result;
    }

    /// <summary>Gives the cache back.</summary>
    public void Dispose() => _cache.Dispose();
}
