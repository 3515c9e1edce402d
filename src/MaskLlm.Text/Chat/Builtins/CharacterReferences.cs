using System.Collections.Frozen;
using System.Globalization;
using System.Net;
using System.Text;

namespace MaskLlm.Chat.Builtins;

/// <summary>Python's <c>html.unescape</c>: characters for what HTML writes in their place.</summary>
internal static class CharacterReferences
{
    private const int LongestName = 32;

    /// <summary>Names that count without a semicolon, and where others follow.</summary>
    private const string Old = """
        AElig AMP Aacute Acirc Agrave Aring Atilde Auml COPY Ccedil ETH Eacute Ecirc Egrave Euml GT Iacute Icirc Igrave Iuml LT Ntilde
        Oacute Ocirc Ograve Oslash Otilde Ouml QUOT REG THORN Uacute Ucirc Ugrave Uuml Yacute aacute acirc acute aelig agrave amp aring
        atilde auml brvbar ccedil cedil cent copy curren deg divide eacute ecirc egrave eth euml frac12 frac14 frac34 gt iacute icirc
        iexcl igrave iquest iuml laquo lt macr micro middot nbsp not ntilde oacute ocirc ograve ordf ordm oslash otilde ouml para plusmn
        pound quot raquo reg sect shy sup1 sup2 sup3 szlig thorn times uacute ucirc ugrave uml uuml yacute yen yuml
        """;

    private static readonly FrozenSet<string> OldNames = Old.Split((char[])[' ', '\n', '\r'], StringSplitOptions.RemoveEmptyEntries)
        .ToFrozenSet();

    // What browsers make of numbers that are none of Unicode's printed characters: Windows-1252.
    private static readonly char[] Windows =
    [
        '\u20AC', '\x81', '\u201A', '\u0192', '\u201E', '\u2026', '\u2020', '\u2021', '\u02C6', '\u2030', '\u0160', '\u2039', '\u0152',
            '\x8D', '\u017D',
        '\x8F', '\x90', '\u2018', '\u2019', '\u201C', '\u201D', '\u2022', '\u2013', '\u2014', '\u02DC', '\u2122', '\u0161', '\u203A',
            '\u0153', '\x9D',
        '\u017E', '\u0178',
    ];

    /// <summary>The text with characters for their references.</summary>
    /// <exception cref="NotSupportedException">It has a name that is not known here, and may be one of HTML.</exception>
    public static string Decode(string text)
    {
        StringBuilder result = new(text.Length);
        for (int at = 0; at < text.Length;)
        {
            if (text[at] != '&')
            {
                result.Append(text[at++]);
                continue;
            }

            int end = at + 1;
            result.Append((end < text.Length && text[end] == '#' ? Number(text, ref end) : Named(text, ref end)) ?? text[at..end]);
            at = end;
        }

        return result.ToString();
    }

    private static string? Number(string text, ref int end)
    {
        int at = end + 1;
        bool isHex = at < text.Length && text[at] is 'x' or 'X';
        at += isHex ? 1 : 0;
        (int start, long number) = (at, 0L);
        for (; at < text.Length && (isHex ? char.IsAsciiHexDigit(text[at]) : char.IsAsciiDigit(text[at])); at++)
            number = Math.Min(number * (isHex ? 16 : 10)
                + int.Parse(text.AsSpan(at, 1), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture), int.MaxValue);
        if (at == start)
            return null;
        end = at < text.Length && text[at] == ';' ? at + 1 : at;
        return number switch
        {
            0 or (>= 0xD800 and <= 0xDFFF) or > 0x10FFFF => "\uFFFD",
            >= 0x80 and <= 0x9F => Windows[number - 0x80].ToString(),
            (< ' ' and not ('\t' or '\n' or '\f' or '\r')) or 0x7F or (>= 0xFDD0 and <= 0xFDEF) => "",
            _ => (number & 0xFFFE) == 0xFFFE ? "" : char.ConvertFromUtf32((int)number),
        };
    }

    private static string? Named(string text, ref int end)
    {
        int start = end;
        while (end < text.Length && end - start < LongestName && text[end] is not ('\t' or '\n' or '\f' or ' ' or '<' or '&' or '#' or ';'))
            end++;
        string name = text[start..end];
        if (end < text.Length && text[end] == ';' && name.Length > 0)
        {
            end++;
            if (Find(name) is { } whole)
                return whole;
            if (name.All(char.IsAsciiLetterOrDigit) && char.IsAsciiLetter(name[0]))
                throw new NotSupportedException(
                    $"chat template: the character reference '&{name};' is not supported. Those of HTML 4 are.");
        }

        for (int length = name.Length; length >= 2; length--)
        {
            if (OldNames.Contains(name[..length]))
                return Find(name[..length]) + text[(start + length)..end];
        }

        return null;
    }

    private static string? Find(string name)
    {
        string known = name switch
        {
            "AMP" or "COPY" or "GT" or "LT" or "QUOT" or "REG" => name.ToLowerInvariant(),
            // HTML 5 has other brackets.
            "lang" => "#x27E8",
            "rang" => "#x27E9",
            _ => name,
        };
        string decoded = WebUtility.HtmlDecode($"&{known};");
        return decoded.StartsWith('&') && decoded.Length > 1 ? null : decoded;
    }
}
