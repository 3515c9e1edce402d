using System.Globalization;

namespace MaskLlm.Tokens;

/// <summary>Classifies characters of UTF-16 text by code point.</summary>
internal static class CharClasses
{
    private static readonly CharClass[] OfPlane0 = Build();

    /// <summary>The class of the code point that starts at <paramref name="at"/>, and its width in UTF-16 units.</summary>
    public static CharClass At(ReadOnlySpan<char> text, int at, out int width)
    {
        char unit = text[at];
        if (char.IsHighSurrogate(unit) && at + 1 < text.Length && char.IsLowSurrogate(text[at + 1]))
        {
            width = 2;
            return Of(CharUnicodeInfo.GetUnicodeCategory(char.ConvertToUtf32(unit, text[at + 1])));
        }

        width = 1;
        return OfPlane0[unit];
    }

    /// <summary>The class of a character of the basic plane; a surrogate is <see cref="CharClass.Other"/>.</summary>
    public static CharClass Of(char unit) => OfPlane0[unit];

    /// <summary>The end of the run of <paramref name="wanted"/> characters that starts at <paramref name="at"/>.</summary>
    public static int RunEnd(ReadOnlySpan<char> text, int at, CharClass wanted)
    {
        while (at < text.Length && At(text, at, out int width) == wanted)
            at += width;
        return at;
    }

    private static CharClass[] Build()
    {
        CharClass[] classes = new CharClass[0x10000];
        for (int unit = 0; unit < classes.Length; unit++)
            classes[unit] = char.IsWhiteSpace((char)unit) ? CharClass.Space : Of(char.GetUnicodeCategory((char)unit));
        return classes;
    }

    private static CharClass Of(UnicodeCategory category) => category switch
    {
        <= UnicodeCategory.OtherLetter => CharClass.Letter,
        UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber or UnicodeCategory.OtherNumber => CharClass.Number,
        _ => CharClass.Other,
    };
}
