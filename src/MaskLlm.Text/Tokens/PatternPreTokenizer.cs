namespace MaskLlm.Tokens;

/// <summary>Cuts by any pattern, with Hugging Face's choice of what becomes of the matches.</summary>
/// <param name="pattern">What to look for.</param>
/// <param name="behavior">What becomes of a match.</param>
/// <param name="invert">True to treat what lies between the matches as the match.</param>
/// <param name="isCharacter">True where the pattern is one literal character.</param>
internal sealed class PatternPreTokenizer(SplitPattern pattern, SplitBehavior behavior, bool invert, bool isCharacter) : PreTokenizer
{
    /// <inheritdoc/>
    public override bool IsCharacterLocal => isCharacter;

    /// <inheritdoc/>
    public override void Split(in Piece piece, in PieceSink sink)
    {
        foreach ((int start, int end) in behavior.Apply(Stretches(piece.Span)))
            sink.Emit(piece.Slice(start, end));
    }

    private List<Stretch> Stretches(ReadOnlySpan<char> text)
    {
        List<Stretch> stretches = [];
        int reached = 0;
        foreach ((int start, int end) in pattern.Matches(text))
        {
            if (reached != start)
                stretches.Add(new Stretch(reached, start, invert));
            stretches.Add(new Stretch(start, end, !invert));
            reached = end;
        }

        if (reached != text.Length)
            stretches.Add(new Stretch(reached, text.Length, invert));
        return stretches;
    }
}
