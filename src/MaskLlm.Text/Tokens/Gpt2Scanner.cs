namespace MaskLlm.Tokens;

/// <summary>GPT-2's split pattern.</summary>
internal sealed class Gpt2Scanner : WordScanner
{
    /// <summary>The pattern that this scanner equals.</summary>
    public const string Pattern = @"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";

    /// <inheritdoc/>
    public override int WordEnd(ReadOnlySpan<char> text, int start)
    {
        char first = text[start];
        if (first == '\'' && ContractionLength(text[start..]) is var length and > 0)
            return start + length;
        int body = first == ' ' && start + 1 < text.Length ? start + 1 : start;
        CharClass kind = CharClasses.At(text, body, out int width);
        if (kind != CharClass.Space)
            return CharClasses.RunEnd(text, body + width, kind);
        return SpaceEnd(text, start, CharClasses.RunEnd(text, start, CharClass.Space));
    }

    private static int ContractionLength(ReadOnlySpan<char> text) => text switch
    {
        ['\'', 's' or 't' or 'm' or 'd', ..] => 2,
        ['\'', 'r' or 'v', 'e', ..] or ['\'', 'l', 'l', ..] => 3,
        _ => 0,
    };
}
