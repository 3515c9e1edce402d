using System.Threading.Channels;
using MaskLlm.Decoding;

namespace MaskLlm.Serving;

/// <summary>Who waits, who runs, and the memory that is promised to them.</summary>
internal sealed partial class TextBatch
{
    private readonly Lock _lock = new();
    private readonly AutoResetEvent _work = new(false);
    private readonly LinkedList<RunningText> _waiting = [];
    // Only the thread of the steps changes it, under the lock; that thread reads it without.
    private readonly List<RunningText> _running = [];
    private readonly long _allPages;
    private long _promisedPages;
    private bool _isClosed;

    internal int Waiting
    {
        get { lock (_lock) return _waiting.Count; }
    }

    internal int Running
    {
        get { lock (_lock) return _running.Count; }
    }

    /// <summary>Whether a request that came now would be refused.</summary>
    internal RefusalReason? Refusal
    {
        get { lock (_lock) return RefusalNow(); }
    }

    /// <summary>Positions of the cache that are promised to no running text.</summary>
    internal long UnpromisedPositions
    {
        get { lock (_lock) return (_allPages - _promisedPages) * KeyValuePages.Positions; }
    }

    /// <summary>V: token ids end before it.</summary>
    internal int VocabularySize => _decoder.VocabularySize;

    /// <summary>The most tokens of a prompt: one position at least is left for the answer.</summary>
    internal int MostPromptTokens => Math.Min(_options.MaxPrompt ?? int.MaxValue, Positions - 1);

    // Of one text.
    private int Positions => (int)Math.Min(_decoder.ContextLength, _decoder.CachePositions);

    /// <summary>The most new tokens after a prompt of so many; it can be below 1.</summary>
    internal int MostTokens(int promptTokens) => Math.Min(_options.MaxOutput, Positions - promptTokens);

    /// <summary>The refusal of a request that needs more positions than there are; its code is the one that OpenAI's clients look
    /// for.</summary>
    internal static RequestFieldException TooLong(string field, string message) => new(field, message, "context_length_exceeded");

    /// <summary>Puts a request into the queue.</summary>
    /// <param name="request">What is asked.</param>
    /// <param name="cancelled">Ends the text at the next step, wherever it is.</param>
    /// <returns>The pieces of the text; reading throws <see cref="RefusedException"/> where the server stops before the end,
    /// <see cref="OperationCanceledException"/> where the request is cancelled.</returns>
    /// <exception cref="ArgumentException">It can never be served.</exception>
    /// <exception cref="RefusedException">The queue is full, or the server is stopping.</exception>
    internal ChannelReader<TextPiece> Submit(TextRequest request, CancellationToken cancelled)
    {
        Check(request);
        // A limit of whoever runs the server, not of the model: the text ends there, and says that its length ended it.
        request = request with { MaxTokens = Math.Min(request.MaxTokens, _options.MaxOutput) };
        long positions = request.Prompt.Count + (long)request.MaxTokens;
        RunningText text = new(request, (positions + KeyValuePages.Positions - 1) / KeyValuePages.Positions, cancelled);
        lock (_lock)
        {
            if (RefusalNow() is { } reason) throw new RefusedException(reason);
            _waiting.AddLast(text);
            _work.Set();
        }
        return text.Pieces;
    }

    /// <summary>Blocks until there may be something to do.</summary>
    internal void WaitForWork() => _work.WaitOne();

    /// <summary>Takes no more requests; those that wait are refused, those that run go on.</summary>
    internal void Close()
    {
        lock (_lock)
        {
            _isClosed = true;
            foreach (RunningText text in _waiting) text.Complete(new RefusedException(RefusalReason.Stopping));
            _waiting.Clear();
            // Also where it was closed before: the thread of the steps may sleep again by now.
            if (!_isDisposed) _work.Set();
        }
    }

    private RefusalReason? RefusalNow() =>
        _isClosed ? RefusalReason.Stopping : _waiting.Count + _running.Count >= _options.Parallel + _options.Queue ? RefusalReason.QueueFull
            : null;

    private void Check(TextRequest request)
    {
        int prompt = request.Prompt.Count;
        RequestFieldException Prompt(string message) => new(request.PromptField, message);
        if (prompt == 0) throw Prompt("the prompt has no token; give some text.");
        if (prompt > _options.MaxPrompt)
            throw TooLong(request.PromptField, $"the prompt has {prompt} tokens and the server takes {_options.MaxPrompt}; shorten it.");
        int positions = Positions;
        if (prompt >= positions)
            throw TooLong(request.PromptField,
                $"the prompt has {prompt} tokens and there are {positions} positions for it and its answer; shorten it.");
        foreach (int id in request.Prompt)
            if ((uint)id >= (uint)_decoder.VocabularySize)
                throw Prompt($"the prompt's token {id} has no embedding; ids end at {_decoder.VocabularySize - 1}.");
        if (request.MaxTokens < 1)
            throw new RequestFieldException(request.TokensField, $"{request.MaxTokens} new tokens are asked for; at least 1 is needed.");
        if (request.MaxTokens > positions - prompt)
            throw TooLong(
                request.TokensField,
                $"{prompt} tokens of prompt and {request.MaxTokens} new ones are more than the {positions} positions that there are; "
                + "shorten the prompt or ask for fewer.");
        request.Sampling.Validate();
    }

    // Who came first runs first, also where one behind would fit: none waits for ever.
    private void Admit()
    {
        while (TakeNext() is { } text)
        {
            try
            {
                text.Begin(_decoder, _tokenizer, _buffers);
            }
            catch (Exception e)
            {
                Leave(text, e);
            }
        }
    }

    private RunningText? TakeNext()
    {
        lock (_lock)
        {
            if (_running.Count == _options.Parallel || _waiting.First?.Value is not { } text || _promisedPages + text.Pages > _allPages)
                return null;
            _waiting.RemoveFirst();
            _promisedPages += text.Pages;
            _running.Add(text);
            return text;
        }
    }

    private void DropCancelled()
    {
        for (int i = _running.Count - 1; i >= 0; i--)
            if (_running[i] is { IsCancelled: true } text) Cancel(text);
        lock (_lock)
        {
            for (LinkedListNode<RunningText>? node = _waiting.First, next; node is not null; node = next)
            {
                next = node.Next;
                if (!node.Value.IsCancelled) continue;
                _waiting.Remove(node);
                Counts.Add(RequestOutcome.Cancelled);
                node.Value.Complete(new OperationCanceledException());
            }
        }
    }

    private void Cancel(RunningText text)
    {
        Counts.Add(RequestOutcome.Cancelled);
        Leave(text, new OperationCanceledException());
    }

    private void FailRunning(Exception failure)
    {
        for (int i = _running.Count - 1; i >= 0; i--) Leave(_running[i], failure);
    }

    // The memory is free before the reader knows of the end.
    private void Leave(RunningText text, Exception? failure)
    {
        text.Dispose();
        lock (_lock)
        {
            _running.Remove(text);
            _promisedPages -= text.Pages;
        }
        text.Complete(failure);
    }
}
