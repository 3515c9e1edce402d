using System.Text;
using MaskLlm.Tokens.Expressions;

namespace MaskLlm.Tokens;

/// <summary>A regular expression of a tokenizer file, as Hugging Face's engine (Oniguruma) reads it.</summary>
internal sealed class SplitPattern
{
    private readonly ExpressionProgram _program;
    private readonly string _shown;

    private SplitPattern(ExpressionProgram program, string shown) => (_program, _shown) = (program, shown);

    /// <summary>Reads an Oniguruma pattern.</summary>
    /// <param name="pattern">The pattern.</param>
    /// <param name="where">Where it stands, for messages.</param>
    /// <exception cref="NotSupportedException">The pattern uses a construct that is not known, or is too large.</exception>
    public static SplitPattern FromRegex(string pattern, string where = "") =>
        new(ExpressionProgram.Of(pattern), where + "the pattern " + ExpressionError.Shown(pattern));

    /// <summary>A pattern that matches <paramref name="literal"/> itself.</summary>
    public static SplitPattern FromText(string literal) =>
        new(ExpressionProgram.OfText(literal), "the text " + ExpressionError.Shown(literal));

    /// <summary>All matches in a stretch of text, as offsets into it.</summary>
    /// <exception cref="InvalidDataException">The pattern takes too many steps on the text.</exception>
    public List<(int Start, int End)> Matches(ReadOnlySpan<char> text)
    {
        List<(int, int)> matches = [];
        ExpressionMatcher matcher = new(_program, text);
        try
        {
            int from = 0;
            int lastEnd = -1;
            while (from <= text.Length && matcher.TryFind(from, out int start, out int end))
            {
                // An empty match right after a match is none; the search goes on behind the next code point.
                if (start == end && end == lastEnd)
                {
                    from = end + (end + 1 < text.Length && char.IsSurrogatePair(text[end], text[end + 1]) ? 2 : 1);
                    continue;
                }

                matches.Add((start, end));
                (from, lastEnd) = (end, end);
            }
        }
        catch (InvalidDataException error)
        {
            throw new InvalidDataException($"{_shown} {error.Message}; a tokenizer for such texts has another pattern.", error);
        }
        finally
        {
            matcher.Dispose();
        }

        return matches;
    }

    /// <summary>A pattern that matches one code point of a set.</summary>
    public static SplitPattern FromSet(CodePointSet set) => new(ExpressionProgram.Of(new Expression.One(set)), "a set of characters");

    /// <summary>Replaces every match by <paramref name="content"/>, taken literally; the length is held against the budget first.</summary>
    public string Replace(string text, string content, TextBudget budget)
    {
        List<(int Start, int End)> matches = Matches(text);
        if (matches.Count == 0)
            return text;
        budget.Hold(text.Length + matches.Sum(match => (long)content.Length + match.Start - match.End));
        StringBuilder result = new(text.Length);
        int copied = 0;
        foreach ((int start, int end) in matches)
        {
            result.Append(text, copied, start - copied).Append(content);
            copied = end;
        }

        return result.Append(text, copied, text.Length - copied).ToString();
    }
}
