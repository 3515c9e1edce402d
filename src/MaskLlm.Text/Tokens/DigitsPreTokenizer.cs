namespace MaskLlm.Tokens;

/// <summary>Cuts numbers off, each digit by itself or in runs.</summary>
internal sealed class DigitsPreTokenizer(bool individually) : PreTokenizer
{
    /// <inheritdoc/>
    public override bool IsCharacterLocal => true;

    /// <inheritdoc/>
    public override void Split(in Piece piece, in PieceSink sink)
    {
        ReadOnlySpan<char> text = piece.Span;
        int start = 0;
        while (start < text.Length)
        {
            bool isNumber = CharClasses.At(text, start, out int width) == CharClass.Number;
            int end = isNumber && individually ? start + width : RunEnd(text, start, isNumber);
            sink.Emit(piece.Slice(start, end));
            start = end;
        }
    }

    private static int RunEnd(ReadOnlySpan<char> text, int at, bool isNumber)
    {
        while (at < text.Length && (CharClasses.At(text, at, out int width) == CharClass.Number) == isNumber)
            at += width;
        return at;
    }
}
