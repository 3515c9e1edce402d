using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace MaskLlm.Tokens;

/// <summary>A regular expression of a tokenizer file, matched by code point although .NET's engine works on UTF-16 units.</summary>
internal sealed class SplitPattern
{
    private static readonly Dictionary<UnicodeCategory, char> StandIns = BuildStandIns();
    private readonly Regex _regex;

    private SplitPattern(Regex regex) => _regex = regex;

    /// <summary>Reads an Oniguruma pattern.</summary>
    /// <exception cref="NotSupportedException">The pattern uses a construct that .NET reads differently, or not at all.</exception>
    public static SplitPattern FromRegex(string pattern)
    {
        var translated = PatternTranslation.Translate(pattern);
        try
        {
            return new SplitPattern(new Regex(translated, RegexOptions.Compiled | RegexOptions.CultureInvariant));
        }
        catch (ArgumentException error)
        {
            throw new NotSupportedException($"the pattern {pattern} is not one that .NET can read: {error.Message}", error);
        }
    }

    /// <summary>A pattern that matches <paramref name="literal"/> itself.</summary>
    public static SplitPattern FromText(string literal) => new(new Regex(Regex.Escape(literal), RegexOptions.CultureInvariant));

    /// <summary>All matches in a stretch of text, as offsets into it.</summary>
    public List<(int Start, int End)> Matches(ReadOnlySpan<char> text)
    {
        var matches = new List<(int, int)>();
        if (!text.ContainsAnyInRange('\uD800', '\uDFFF'))
        {
            foreach (var match in _regex.EnumerateMatches(text))
                matches.Add((match.Index, match.Index + match.Length));
            return matches;
        }

        var offsets = new int[text.Length + 1];
        var narrow = Narrow(text, offsets);
        foreach (var match in _regex.EnumerateMatches(narrow))
            matches.Add((offsets[match.Index], offsets[match.Index + match.Length]));
        return matches;
    }

    /// <summary>Replaces every match by <paramref name="content"/>, taken literally.</summary>
    public string Replace(string text, string content)
    {
        var matches = Matches(text);
        if (matches.Count == 0)
            return text;
        var result = new StringBuilder(text.Length);
        var copied = 0;
        foreach (var (start, end) in matches)
        {
            result.Append(text, copied, start - copied).Append(content);
            copied = end;
        }

        return result.Append(text, copied, text.Length - copied).ToString();
    }

    /// <summary>One unit a code point: a character beyond the basic plane becomes one within it, of the same category.</summary>
    private static ReadOnlySpan<char> Narrow(ReadOnlySpan<char> text, int[] offsets)
    {
        var narrow = new char[text.Length];
        var (count, at) = (0, 0);
        while (at < text.Length)
        {
            offsets[count] = at;
            var isPair = char.IsHighSurrogate(text[at]) && at + 1 < text.Length && char.IsLowSurrogate(text[at + 1]);
            narrow[count++] = isPair
                ? StandIns[CharUnicodeInfo.GetUnicodeCategory(char.ConvertToUtf32(text[at], text[at + 1]))]
                : text[at];
            at += isPair ? 2 : 1;
        }

        offsets[count] = at;
        return narrow.AsSpan(0, count);
    }

    // The last character of each category: patterns name none of these by themselves.
    private static Dictionary<UnicodeCategory, char> BuildStandIns()
    {
        var standIns = new Dictionary<UnicodeCategory, char>();
        for (var unit = 0; unit <= char.MaxValue; unit++)
            standIns[char.GetUnicodeCategory((char)unit)] = (char)unit;
        return standIns;
    }
}
