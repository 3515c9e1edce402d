using System.Globalization;
using System.Text;

namespace MaskLlm.Chat.Syntax;

/// <summary>Resolves the escapes of a quoted text, which are Python's.</summary>
internal static class StringEscapes
{
    /// <summary>What the text stands for.</summary>
    /// <exception cref="InvalidDataException">An escape lacks digits.</exception>
    public static string Resolve(string text, int line)
    {
        if (!text.Contains('\\', StringComparison.Ordinal))
            return text;
        StringBuilder result = new(text.Length);
        for (int at = 0; at < text.Length;)
        {
            if (text[at] == '\\' && at + 1 < text.Length)
                at = Append(result, text, at + 1, line);
            else
                result.Append(text[at++]);
        }

        return result.ToString();
    }

    /// <summary>Appends what the escape whose letter is at an offset stands for; returns the offset behind it.</summary>
    private static int Append(StringBuilder result, string text, int at, int line)
    {
        char letter = text[at];
        int simple = "\n\\'\"abfnrtv".IndexOf(letter, StringComparison.Ordinal);
        if (simple > 0)
            result.Append("\n\\'\"\a\b\f\n\r\t\v"[simple]);
        if (simple >= 0)
            return at + 1;
        switch (letter)
        {
            case >= '0' and <= '7':
                return AppendOctal(result, text, at);
            case 'x':
                return AppendHexadecimal(result, text, at + 1, 2, line);
            case 'u':
                return AppendHexadecimal(result, text, at + 1, 4, line);
            case 'U':
                return AppendHexadecimal(result, text, at + 1, 8, line);
            case 'N':
                throw SyntaxErrors.Unsupported(line, "a character by its name, '\\N{...}',");
            default:
                result.Append('\\').Append(letter);
                return at + 1;
        }
    }

    private static int AppendOctal(StringBuilder result, string text, int at)
    {
        (int value, int end) = (0, at);
        while (end < text.Length && end < at + 3 && text[end] is >= '0' and <= '7')
            value = value * 8 + text[end++] - '0';
        result.Append((char)value);
        return end;
    }

    private static int AppendHexadecimal(StringBuilder result, string text, int at, int digits, int line)
    {
        if (at + digits > text.Length
            || !uint.TryParse(text.AsSpan(at, digits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out uint value)
            || value > 0x10FFFF)
            throw SyntaxErrors.At(line, $"found the escape '\\{text[at - 1]}' in a quoted text; expected {digits} hexadecimal digits of a "
                + $"character after it.");
        if (value > char.MaxValue)
            result.Append(char.ConvertFromUtf32((int)value));
        else
            result.Append((char)value);
        return at + digits;
    }
}
