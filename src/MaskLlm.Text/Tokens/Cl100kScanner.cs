namespace MaskLlm.Tokens;

/// <summary>The split pattern of OpenAI's cl100k family: Llama 3 (digits in threes), Qwen 2 (one by one).</summary>
/// <param name="mostDigits">Digits in one word at most.</param>
internal sealed class Cl100kScanner(int mostDigits) : WordScanner
{
    /// <summary>The pattern with up to three digits a word.</summary>
    public const string PatternOfThreeDigits = Head + @"\p{N}{1,3}" + Tail;

    /// <summary>The pattern with one digit a word.</summary>
    public const string PatternOfOneDigit = Head + @"\p{N}" + Tail;

    private const string Head = @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|";
    private const string Tail = @"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    /// <inheritdoc/>
    public override int WordEnd(ReadOnlySpan<char> text, int start)
    {
        char first = text[start];
        if (first == '\'' && ContractionLength(text[start..]) is var length and > 0)
            return start + length;
        CharClass kind = CharClasses.At(text, start, out int width);
        int next = start + width;
        if (kind == CharClass.Letter || (first is not ('\r' or '\n') && kind != CharClass.Number && IsLetter(text, next)))
            return CharClasses.RunEnd(text, next, CharClass.Letter);
        if (kind == CharClass.Number)
            return NumberEnd(text, next);
        int body = first == ' ' && next < text.Length ? next : start;
        return CharClasses.At(text, body, out _) == CharClass.Other
            ? LineEndsEnd(text, CharClasses.RunEnd(text, body, CharClass.Other))
            : WhiteEnd(text, start);
    }

    private static bool IsLetter(ReadOnlySpan<char> text, int at) =>
        at < text.Length && CharClasses.At(text, at, out _) == CharClass.Letter;

    private int NumberEnd(ReadOnlySpan<char> text, int at)
    {
        for (int digits = 1; digits < mostDigits && at < text.Length; digits++)
        {
            if (CharClasses.At(text, at, out int width) != CharClass.Number)
                break;
            at += width;
        }

        return at;
    }

    private static int LineEndsEnd(ReadOnlySpan<char> text, int at)
    {
        while (at < text.Length && text[at] is '\r' or '\n')
            at++;
        return at;
    }

    /// <summary><c>\s*[\r\n]+</c> ends after the last line end of the run of white space; without one, the common tail.</summary>
    private static int WhiteEnd(ReadOnlySpan<char> text, int start)
    {
        int end = CharClasses.RunEnd(text, start, CharClass.Space);
        int lineEnd = text[start..end].LastIndexOfAny('\r', '\n');
        return lineEnd >= 0 ? start + lineEnd + 1 : SpaceEnd(text, start, end);
    }

    // Case-insensitive by simple case folding, where U+017F (long s) folds to s.
    private static int ContractionLength(ReadOnlySpan<char> text) => text switch
    {
        ['\'', 's' or 'S' or '\u017F' or 't' or 'T' or 'm' or 'M' or 'd' or 'D', ..] => 2,
        ['\'', 'r' or 'R' or 'v' or 'V', 'e' or 'E', ..] or ['\'', 'l' or 'L', 'l' or 'L', ..] => 3,
        _ => 0,
    };
}
