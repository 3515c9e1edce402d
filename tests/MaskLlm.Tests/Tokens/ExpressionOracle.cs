using System.Text.RegularExpressions;
using MaskLlm.Tokens.Expressions;

namespace MaskLlm.Tests.Tokens;

/// <summary>Matches found in other ways than <see cref="MaskLlm.Tokens.SplitPattern"/> finds them.</summary>
internal static class ExpressionOracle
{
    /// <summary>Those of .NET's engine, but without an empty match right after a match, as Hugging Face leaves these out.</summary>
    public static string Spans(string pattern, string text)
    {
        Regex regex = new(pattern, RegexOptions.CultureInvariant);
        List<string> spans = [];
        int from = 0;
        int lastEnd = -1;
        while (from <= text.Length && regex.Match(text, from) is { Success: true } match)
        {
            int end = match.Index + match.Length;
            if (match.Length == 0 && end == lastEnd)
            {
                from = end + 1;
                continue;
            }

            spans.Add($"{match.Index}-{end}");
            (from, lastEnd) = (end, end);
        }

        return string.Join('|', spans);
    }

    /// <summary>Those of our engine where it remembers failures from the first step on.</summary>
    public static List<(int Start, int End)> Remembering(string pattern, string text)
    {
        List<(int, int)> matches = [];
        ExpressionMatcher matcher = new(ExpressionProgram.Of(pattern), text, usual: 0);
        int from = 0;
        int lastEnd = -1;
        while (from <= text.Length && matcher.TryFind(from, out int start, out int end))
        {
            if (start == end && end == lastEnd)
            {
                from = end + 1;
                continue;
            }

            matches.Add((start, end));
            (from, lastEnd) = (end, end);
        }

        matcher.Dispose();
        return matches;
    }
}
