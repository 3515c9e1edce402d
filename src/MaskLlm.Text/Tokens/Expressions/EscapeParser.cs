using System.Globalization;

namespace MaskLlm.Tokens.Expressions;

/// <summary>Reads an escape that stands for one code point of a set, in a class or outside of one.</summary>
internal static class EscapeParser
{
    /// <summary>Reads the escape that begins at <paramref name="at"/> and goes on behind it.</summary>
    /// <exception cref="NotSupportedException">An escape that is not known.</exception>
    public static CodePointSet Parse(string pattern, ref int at)
    {
        int start = at;
        char name = start + 1 < pattern.Length ? pattern[start + 1] : '\0';
        at += 2;
        switch (name)
        {
            case 's':
                return UnicodeProperty.Space;
            case 'S':
                return UnicodeProperty.Space.Complement();
            case 'd':
                return UnicodeProperty.Digit;
            case 'D':
                return UnicodeProperty.Digit.Complement();
            case 'w':
                return UnicodeProperty.Word;
            case 'W':
                return UnicodeProperty.Word.Complement();
            case 'h':
                return UnicodeProperty.HexDigit;
            case 'H':
                return UnicodeProperty.HexDigit.Complement();
            case 'p' or 'P':
                return Property(pattern, start, ref at);
            case 'x' or 'u':
                return CodePointSet.Of(Number(pattern, start, ref at));
            default:
                return CodePointSet.Of(Character(pattern, start, name));
        }
    }

    private static int Character(string pattern, int start, char name) => name switch
    {
        't' => '\t',
        'n' => '\n',
        'r' => '\r',
        'f' => '\f',
        'v' => '\v',
        'a' => '\a',
        'e' => '\u001B',
        '\0' => throw ExpressionError.Refused(pattern, start, "a \\ at its end"),
        // Digits are octal numbers or references to groups; other letters have meanings of their own.
        _ when char.IsLetterOrDigit(name) || char.IsSurrogate(name) => throw ExpressionError.Refused(pattern, start, $"\\{name}"),
        _ => name,
    };

    private static CodePointSet Property(string pattern, int start, ref int at)
    {
        int end = at < pattern.Length && pattern[at] == '{' ? pattern.IndexOf('}', at) : -1;
        if (end < 0)
            throw ExpressionError.Refused(pattern, start, "an unclosed property");
        bool isNegative = pattern[at + 1] == '^';
        string name = pattern[(at + (isNegative ? 2 : 1))..end];
        CodePointSet set = UnicodeProperty.Find(name)
            ?? throw ExpressionError.Refused(pattern, start, $"\\{pattern[start + 1]}{{{ExpressionError.Shown(name)}}}");
        at = end + 1;
        return isNegative != (pattern[start + 1] == 'P') ? set.Complement() : set;
    }

    /// <summary><c>\xHH</c> below 80, <c>\x{H...}</c> or <c>\uHHHH</c>.</summary>
    private static int Number(string pattern, int start, ref int at)
    {
        const int Last = 0x10FFFF, LastByte = 0x7F;
        bool isBraced = pattern[start + 1] == 'x' && at < pattern.Length && pattern[at] == '{';
        int first = isBraced ? at + 1 : at;
        int end = isBraced ? pattern.IndexOf('}', first) : first + (pattern[start + 1] == 'u' ? 4 : 2);
        string digits = end > first && end <= pattern.Length ? pattern[first..end] : "";
        if (!int.TryParse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out int value)
            || value is < 0 or > Last or (>= 0xD800 and <= 0xDFFF))
            throw ExpressionError.Refused(pattern, start, "a number that is no character");
        // Oniguruma reads two digits as a byte, and a byte from 80 on is no character by itself.
        if (!isBraced && pattern[start + 1] == 'x' && value > LastByte)
            throw ExpressionError.Refused(pattern, start, "a byte that is no character");
        at = isBraced ? end + 1 : end;
        return value;
    }
}
