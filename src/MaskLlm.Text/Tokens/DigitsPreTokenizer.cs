namespace MaskLlm.Tokens;

/// <summary>Cuts numbers off, each digit by itself or in runs.</summary>
internal sealed class DigitsPreTokenizer(bool individually) : PreTokenizer
{
    /// <inheritdoc/>
    public override bool IsCharacterLocal => true;

    /// <inheritdoc/>
    public override void Split(in Piece piece, in PieceSink sink)
    {
        var text = piece.Span;
        var start = 0;
        while (start < text.Length)
        {
            var isNumber = CharClasses.At(text, start, out var width) == CharClass.Number;
            var end = isNumber && individually ? start + width : RunEnd(text, start, isNumber);
            sink.Emit(piece.Slice(start, end));
            start = end;
        }
    }

    private static int RunEnd(ReadOnlySpan<char> text, int at, bool isNumber)
    {
        while (at < text.Length && (CharClasses.At(text, at, out var width) == CharClass.Number) == isNumber)
            at += width;
        return at;
    }
}
