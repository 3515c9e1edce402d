using System.Threading.Channels;
using MaskLlm.Decoding;
using MaskLlm.Tokens;

namespace MaskLlm.Serving;

/// <summary>One request, from the queue to its last token.</summary>
/// <param name="request">What is asked.</param>
/// <param name="pages">Pages of the cache that it takes at most.</param>
/// <param name="cancelled">Cancelled when nobody waits for the text any more.</param>
internal sealed class RunningText(TextRequest request, long pages, CancellationToken cancelled) : IDisposable
{
    // No more pieces than tokens come, so that a slow reader holds little.
    private readonly Channel<TextPiece> _pieces =
        Channel.CreateUnbounded<TextPiece>(new UnboundedChannelOptions { SingleReader = true, SingleWriter = true });
    private readonly StopTexts _stops = new(request.StopTexts);
    private KeyValueCache? _cache;
    private Sampler? _sampler;
    private StreamedText? _text;
    private int _promptDone, _drawn, _next;

    internal long Pages { get; } = pages;

    internal bool IsCancelled => cancelled.IsCancellationRequested;

    internal ChannelReader<TextPiece> Pieces => _pieces.Reader;

    /// <summary>Whether prompt is left to run.</summary>
    internal bool IsInPrompt => _promptDone < request.Prompt.Count;

    /// <summary>Takes memory: the text is no longer in the queue.</summary>
    internal void Begin(RuntimeDecoder decoder, Tokenizer tokenizer, SamplerBuffers buffers)
    {
        _cache = decoder.StartSequence();
        _cache.Expect(request.Prompt.Count);
        _sampler = new Sampler(request.Sampling, buffers);
        foreach (int id in request.Prompt) _sampler.See(id);
        _text = new StreamedText(tokenizer, skipSpecialTokens: true);
        if (!request.IsTurn) _text.Follow(request.Prompt);
    }

    /// <summary>Puts its next tokens into a batch: as much of the prompt as there is room for, or else its last new token.</summary>
    /// <returns>How many; the last wants logits unless prompt is left.</returns>
    internal int Fill(Span<BatchToken> room)
    {
        if (!IsInPrompt)
        {
            room[0] = new BatchToken(_cache!, _next, WantsLogits: true);
            return 1;
        }
        int count = Math.Min(room.Length, request.Prompt.Count - _promptDone);
        for (int i = 0; i < count; i++)
            room[i] = new BatchToken(_cache!, request.Prompt[_promptDone + i], _promptDone + i == request.Prompt.Count - 1);
        _promptDone += count;
        return count;
    }

    /// <summary>Draws the next token.</summary>
    /// <param name="logits">(V), of the batch that had its last token.</param>
    /// <param name="endOfText">Tokens that end a text.</param>
    /// <returns>What it brings, still to be written.</returns>
    internal TextPiece Draw(ReadOnlySpan<float> logits, IReadOnlyList<int> endOfText)
    {
        _next = _sampler!.Draw(logits, _cache!.Length);
        _sampler.See(_next);
        _drawn++;
        bool isEnd = endOfText.Contains(_next) || request.StopIds.Contains(_next);
        string text = isEnd ? "" : Added(_next);
        FinishReason? finish = isEnd || _stops.IsFound ? FinishReason.Stop : _drawn == request.MaxTokens ? FinishReason.Length : null;
        if (finish is null) return new TextPiece(_next, text, null);
        // The letters that waited may complete a stop text too.
        text += _stops.Add(_text!.Flush());
        return new TextPiece(_next, text + _stops.Flush(), _stops.IsFound ? FinishReason.Stop : finish);
    }

    /// <summary>Hands a piece to whoever reads.</summary>
    internal void Write(TextPiece piece) => _pieces.Writer.TryWrite(piece);

    /// <summary>No more pieces come.</summary>
    /// <param name="failure">What the reader gets instead of more, or null where the text is whole.</param>
    internal void Complete(Exception? failure) => _pieces.Writer.TryComplete(failure);

    /// <summary>Gives the cache back.</summary>
    public void Dispose() => _cache?.Dispose();

    // Half a letter that waits comes before the special token, which a stop text may name.
    private string Added(int id)
    {
        string added = _text!.Add(id), hidden = request.StopTexts.Count == 0 ? "" : _text.HiddenText(id);
        return _stops.Add(hidden.Length == 0 ? added : added + _text.Flush(), hidden);
    }
}
