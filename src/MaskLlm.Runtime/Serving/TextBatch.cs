using MaskLlm.Decoding;
using MaskLlm.Tokens;

namespace MaskLlm.Serving;

/// <summary>
/// Continuous batching: texts of many requests go through one decoder together, and one that comes does not wait for those that run.
/// Each step takes a token of every running text and fills the batch with prompt tokens of new ones. Requests come from any thread;
/// steps are of one.
/// </summary>
/// <remarks>
/// Draws depend on the seed and the position only. What else is in the batch changes a token's logits by rounding at most: more
/// tokens are summed in another order than one.
/// </remarks>
internal sealed partial class TextBatch : IDisposable
{
    private readonly RuntimeDecoder _decoder;
    private readonly Tokenizer _tokenizer;
    private readonly IReadOnlyList<int> _endOfText;
    private readonly ServingOptions _options;
    private readonly SamplerBuffers _buffers;
    private readonly BatchToken[] _tokens;
    private readonly List<RunningText> _wanting = [];
    private int _continued;
    private bool _isDisposed;

    /// <param name="decoder">The model; nobody else uses it meanwhile.</param>
    /// <param name="tokenizer">Of the model.</param>
    /// <param name="endOfText">Tokens that end a text.</param>
    /// <param name="options">How much is served at once.</param>
    /// <exception cref="ArgumentException">An option is out of range.</exception>
    internal TextBatch(RuntimeDecoder decoder, Tokenizer tokenizer, IReadOnlyList<int> endOfText, ServingOptions options)
    {
        options.Validate();
        if (options.Parallel > decoder.Options.TokensAtOnce)
            throw new ArgumentException($"`Parallel` {options.Parallel}: the decoder takes {decoder.Options.TokensAtOnce} tokens at once, "
                + $"and each text needs one of them.");
        (_decoder, _tokenizer, _endOfText, _options) = (decoder, tokenizer, endOfText, options);
        _buffers = new SamplerBuffers(decoder.VocabularySize);
        _tokens = new BatchToken[decoder.Options.TokensAtOnce];
        _allPages = decoder.CachePositions / KeyValuePages.Positions;
    }

    /// <summary>What was served.</summary>
    internal ServingCounts Counts { get; } = new();

    /// <summary>Takes new requests in and runs one batch of tokens.</summary>
    /// <returns>False where there was nothing to run.</returns>
    internal bool Step()
    {
        DropCancelled();
        Admit();
        if (_running.Count == 0) return false;
        int count = FillBatch();
        try
        {
            _decoder.Forward(_tokens.AsSpan(0, count));
        }
        catch (Exception e)
        {
            // None is known that gets here; should one, its requests end and the next are served.
            FailRunning(e);
            return true;
        }
        Counts.AddTokens(count - _continued, _wanting.Count);
        for (int wanted = 0; wanted < _wanting.Count; wanted++) DrawFor(_wanting[wanted], _decoder.Logits(wanted));
        return true;
    }

    /// <summary>Ends what runs and what waits; no step may be under way.</summary>
    public void Dispose()
    {
        if (_isDisposed) return;
        _isDisposed = true;
        Close();
        FailRunning(new RefusedException(RefusalReason.Stopping));
        _work.Dispose();
    }

    // Texts that run first: one token each; then prompts, the oldest first.
    private int FillBatch()
    {
        _wanting.Clear();
        int count = 0;
        foreach (RunningText text in _running)
        {
            if (text.IsInPrompt) continue;
            count += text.Fill(_tokens.AsSpan(count));
            _wanting.Add(text);
        }
        _continued = count;
        foreach (RunningText text in _running)
        {
            if (count == _tokens.Length) break;
            if (!text.IsInPrompt) continue;
            count += text.Fill(_tokens.AsSpan(count));
            if (!text.IsInPrompt) _wanting.Add(text);
        }
        return count;
    }

    private void DrawFor(RunningText text, ReadOnlySpan<float> logits)
    {
        try
        {
            TextPiece piece = text.Draw(logits, _endOfText);
            text.Write(piece);
            if (piece.Finish is not { } finish) return;
            Counts.Add(finish == FinishReason.Stop ? RequestOutcome.Stop : RequestOutcome.Length);
            Leave(text, null);
        }
        catch (Exception e)
        {
            Leave(text, e);
        }
    }
}
