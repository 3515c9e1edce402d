namespace MaskLlm.Tokens;

/// <summary>A stretch of text on its way to the model.</summary>
/// <param name="Text">The text that the stretch lies in.</param>
/// <param name="Start">First UTF-16 unit.</param>
/// <param name="Length">Number of UTF-16 units.</param>
/// <param name="IsFirst">True where it begins the text that the caller gave.</param>
internal readonly record struct Piece(string Text, int Start, int Length, bool IsFirst)
{
    /// <summary>The characters.</summary>
    public ReadOnlySpan<char> Span => Text.AsSpan(Start, Length);

    /// <summary>The part from <paramref name="from"/> to <paramref name="to"/>, offsets into this piece.</summary>
    public Piece Slice(int from, int to) => new(Text, Start + from, to - from, IsFirst && from == 0);
}
