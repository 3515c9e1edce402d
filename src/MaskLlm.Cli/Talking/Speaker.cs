using MaskLlm.Decoding;
using MaskLlm.Tokens;

namespace MaskLlm.Cli.Talking;

/// <summary>A model that goes on with texts, each in the way of its command line.</summary>
/// <param name="tokenizer">Of the model.</param>
/// <param name="decoder">Runs the model.</param>
/// <param name="tokens">New tokens of a text at most.</param>
/// <param name="sampling">How they are drawn.</param>
internal sealed class Speaker(Tokenizer tokenizer, RuntimeDecoder decoder, int tokens, SamplingOptions sampling) : IDisposable
{
    private readonly Conversation _conversation = new(decoder, tokenizer.EndOfTextIds);

    internal Tokenizer Tokenizer => tokenizer;

    internal RuntimeDecoder Decoder => decoder;

    /// <summary>Goes on with a text, or with a conversation of which the cache has the beginning.</summary>
    /// <param name="prompt">All of its tokens.</param>
    /// <param name="show">Told the new text as it comes.</param>
    /// <param name="stop">Ends it.</param>
    internal GenerationResult Say(IReadOnlyList<int> prompt, Action<string> show, CancellationToken stop)
    {
        StreamedText text = new(tokenizer, skipSpecialTokens: true);
        GenerationResult result = _conversation.Continue(prompt, tokens, sampling, id =>
            show(tokenizer.EndOfTextIds.Contains(id) ? "" : text.Add(id)), stop);
        show(text.Flush());
        return result;
    }

    public void Dispose() => _conversation.Dispose();
}
