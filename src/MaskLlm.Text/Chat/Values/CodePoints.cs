using System.Globalization;
using System.Text;

namespace MaskLlm.Chat.Values;

/// <summary>Texts as Python counts them: by code point, where .NET counts UTF-16 units.</summary>
internal static class CodePoints
{
    /// <summary>How many there are.</summary>
    public static int Count(ReadOnlySpan<char> text)
    {
        if (!HasPairs(text))
            return text.Length;
        int count = text.Length;
        for (int at = 1; at < text.Length; at++)
            count -= char.IsSurrogatePair(text[at - 1], text[at]) ? 1 : 0;
        return count;
    }

    /// <summary>Each one as a text.</summary>
    public static List<string> Split(string text)
    {
        List<string> points = new(text.Length);
        for (int at = 0; at < text.Length;)
        {
            bool isPair = at + 1 < text.Length && char.IsSurrogatePair(text[at], text[at + 1]);
            points.Add(text.Substring(at, isPair ? 2 : 1));
            at += isPair ? 2 : 1;
        }

        return points;
    }

    /// <summary>The text from its end to its start.</summary>
    public static string Reverse(string text) => string.Create(text.Length, text, static (units, source) =>
    {
        source.CopyTo(units);
        units.Reverse();
        // Each pair has been turned round, too.
        for (int at = 1; at < units.Length; at++)
        {
            if (char.IsSurrogatePair(units[at], units[at - 1]))
                (units[at], units[at - 1]) = (units[at - 1], units[at]);
        }
    });

    /// <summary>Where, in units, a code point begins.</summary>
    public static int UnitOffset(ReadOnlySpan<char> text, int codePoint)
    {
        if (!HasPairs(text))
            return codePoint;
        int at = 0;
        for (; codePoint > 0 && at < text.Length; codePoint--)
            at += at + 1 < text.Length && char.IsSurrogatePair(text[at], text[at + 1]) ? 2 : 1;
        return at;
    }

    /// <summary>What patterns call <c>\w</c>: letters, numbers of any kind, and the underline.</summary>
    public static bool IsWord(Rune rune) => rune.Value == '_' || IsLetterOrNumber(rune);

    /// <summary>A letter or a number of any kind.</summary>
    public static bool IsLetterOrNumber(Rune rune) => Rune.IsLetter(rune) || IsNumeric(rune);

    /// <summary>What stands for a number, such as a fraction; of ideographs none.</summary>
    public static bool IsNumeric(Rune rune) => Rune.IsNumber(rune) || CharUnicodeInfo.GetNumericValue(rune.ToString(), 0) is not -1;

    /// <summary>Whether units and code points may differ.</summary>
    public static bool HasPairs(ReadOnlySpan<char> text) => text.ContainsAnyInRange('\uD800', '\uDFFF');
}
