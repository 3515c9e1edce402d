namespace MaskLlm.Tokens;

/// <summary>Cuts by a hand-written scanner of a known pattern, every match a piece of its own.</summary>
internal sealed class ScannerPreTokenizer(WordScanner scanner) : PreTokenizer
{
    /// <inheritdoc/>
    public override bool EndsBetweenLetterAndSpace => true;

    /// <inheritdoc/>
    public override void Split(in Piece piece, in PieceSink sink)
    {
        ReadOnlySpan<char> text = piece.Span;
        for (int start = 0, end; start < text.Length; start = end)
        {
            end = scanner.WordEnd(text, start);
            sink.Emit(piece.Slice(start, end));
        }
    }
}
