using MaskLlm.Runtime;
using MaskLlm.Tokens;

namespace MaskLlm.Cli.Talking;

/// <summary>A model that goes on with texts, each in the way of its command line.</summary>
/// <param name="model">The model.</param>
/// <param name="decoder">Runs it.</param>
/// <param name="tokens">New tokens of a text at most.</param>
/// <param name="sampling">How they are drawn.</param>
internal sealed class Speaker(RuntimeModel model, RuntimeDecoder decoder, int tokens, SamplingOptions sampling) : IDisposable
{
    private readonly IReadOnlyList<int> _endOfText = model.EndOfTextIds;
    private readonly Conversation _conversation = new(decoder, model.EndOfTextIds);

    internal Tokenizer Tokenizer { get; } = model.LoadTokenizer();

    internal RuntimeDecoder Decoder => decoder;

    /// <summary>Goes on with a text, or with a conversation of which the cache has the beginning.</summary>
    /// <param name="prompt">All of its tokens.</param>
    /// <param name="show">Told the new text as it comes.</param>
    /// <param name="stop">Ends it.</param>
    internal GenerationResult Say(IReadOnlyList<int> prompt, Action<string> show, CancellationToken stop)
    {
        TextStream text = new(Tokenizer, skipSpecialTokens: true);
        GenerationResult result = _conversation.Continue(prompt, tokens, sampling, id => show(_endOfText.Contains(id) ? "" : text.Add(id)), stop);
        show(text.Flush());
        return result;
    }

    public void Dispose() => _conversation.Dispose();
}
