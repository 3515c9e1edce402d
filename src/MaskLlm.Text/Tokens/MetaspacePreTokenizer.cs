namespace MaskLlm.Tokens;

/// <summary>Writes spaces as a visible character and cuts before each of them.</summary>
/// <param name="replacement">The visible character, usually U+2581.</param>
/// <param name="prefix">Which pieces get one in front.</param>
/// <param name="splits">False to leave the piece whole.</param>
internal sealed class MetaspacePreTokenizer(char replacement, MetaspacePrefix prefix, bool splits) : PreTokenizer
{
    /// <inheritdoc/>
    public override void Split(in Piece piece, in PieceSink sink)
    {
        string text = piece.Span.ToString().Replace(' ', replacement);
        bool wantsPrefix = prefix == MetaspacePrefix.Always || (prefix == MetaspacePrefix.First && piece.IsFirst);
        if (wantsPrefix && text[0] != replacement)
            text = replacement + text;
        Piece whole = new(text, 0, text.Length, piece.IsFirst);
        if (splits)
            EmitWords(whole, sink);
        else
            sink.Emit(whole);
    }

    private void EmitWords(in Piece whole, in PieceSink sink)
    {
        ReadOnlySpan<char> text = whole.Span;
        for (int start = 0, end; start < text.Length; start = end)
        {
            int length = text[(start + 1)..].IndexOf(replacement);
            end = length < 0 ? text.Length : start + 1 + length;
            sink.Emit(whole.Slice(start, end));
        }
    }
}
