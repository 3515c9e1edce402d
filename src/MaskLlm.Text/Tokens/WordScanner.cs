namespace MaskLlm.Tokens;

/// <summary>A split pattern that covers every text without gaps, as a function from a word's start to its end.</summary>
internal abstract class WordScanner
{
    /// <summary>The end of the word that starts at <paramref name="start"/>, which lies inside the text.</summary>
    public abstract int WordEnd(ReadOnlySpan<char> text, int start);

    /// <summary>The hand-written scanner equal to <paramref name="pattern"/>; null where there is none.</summary>
    public static WordScanner? For(string pattern) => pattern switch
    {
        Gpt2Scanner.Pattern => new Gpt2Scanner(),
        Cl100kScanner.PatternOfThreeDigits => new Cl100kScanner(3),
        Cl100kScanner.PatternOfOneDigit => new Cl100kScanner(1),
        _ => null,
    };

    /// <summary>
    /// True between a letter and a space. No alternative of any known pattern matches a letter followed by a space,
    /// and none looks ahead past a letter, so a word always ends there: the text may be cut without changing its words.
    /// </summary>
    public static bool IsAlwaysAnEnd(ReadOnlySpan<char> text, int at) =>
        text[at] == ' ' && CharClasses.Of(text[at - 1]) == CharClass.Letter;

    /// <summary>The common tail of the patterns: <c>\s+(?!\S)|\s+</c> leaves the last space to a word that follows.</summary>
    private protected static int SpaceEnd(ReadOnlySpan<char> text, int start, int runEnd) =>
        runEnd == text.Length || runEnd == start + 1 ? runEnd : runEnd - 1;
}
