using System.Buffers;
using MaskLlm.Chat.Syntax;
using MaskLlm.Chat.Values;

namespace MaskLlm.Chat.Builtins;

/// <summary>Methods of texts that cut them.</summary>
internal static class TextSplitMethods
{
    private static readonly SearchValues<char> Breaks = SearchValues.Create("\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029");

    /// <summary>The methods by name.</summary>
    public static Dictionary<string, Builtin> All { get; } = new(StringComparer.Ordinal)
    {
        ["split"] = new(["sep", "maxsplit"], call => Split(call, fromEnd: false)),
        ["rsplit"] = new(["sep", "maxsplit"], call => Split(call, fromEnd: true)),
        ["splitlines"] = new(["keepends"], call => new Sequence(Lines(call.Budget, call.SubjectText, call.Flag(0, false)))),
        ["partition"] = new(["sep"], call => Partition(call, fromEnd: false)),
        ["rpartition"] = new(["sep"], call => Partition(call, fromEnd: true)),
    };

    /// <summary>The lines of a text, ended by what Python takes for line breaks.</summary>
    /// <exception cref="TemplateFault">The budget is spent.</exception>
    public static List<string> Lines(Budget budget, string text, bool keepsBreaks)
    {
        List<string> lines = [];
        for (int start = 0; start < text.Length;)
        {
            int end = text.AsSpan(start).IndexOfAny(Breaks);
            if (end < 0)
            {
                Add(budget, lines, text, start, text.Length);
                break;
            }

            end += start;
            int next = end + (text.AsSpan(end).StartsWith("\r\n") ? 2 : 1);
            Add(budget, lines, text, start, keepsBreaks ? next : end);
            start = next;
        }

        return lines;
    }

    // Paid for one by one, before each is made: there may be as many as characters.
    private static void Add(Budget budget, List<string> pieces, string text, int start, int end)
    {
        budget.Step(4);
        budget.MakeText(end - start, end - start);
        pieces.Add(text[start..end]);
    }

    private static Sequence Split(BuiltinCall call, bool fromEnd)
    {
        (string text, string? separator) = (call.SubjectText, call.Text(0));
        long most = call.Whole(1, -1);
        long left = most < 0 ? long.MaxValue : most;
        if (separator is null)
            return new Sequence(fromEnd ? WordsFromEnd(call.Budget, text, left) : Words(call.Budget, text, left));
        if (separator.Length == 0)
            throw new TemplateFault($"{call.Name} is given an empty separator; expected a text.");
        call.Budget.Search(text, separator);
        return new Sequence(fromEnd ? SplitFromEnd(call.Budget, text, separator, left) : Split(call.Budget, text, separator, left));
    }

    private static List<string> Split(Budget budget, string text, string separator, long left)
    {
        List<string> pieces = [];
        int start = 0;
        for (int at; left > 0 && (at = text.IndexOf(separator, start, StringComparison.Ordinal)) >= 0; left--)
        {
            Add(budget, pieces, text, start, at);
            start = at + separator.Length;
        }

        Add(budget, pieces, text, start, text.Length);
        return pieces;
    }

    private static List<string> SplitFromEnd(Budget budget, string text, string separator, long left)
    {
        List<string> pieces = [];
        int end = text.Length;
        for (int at; left > 0 && (at = text.AsSpan(0, end).LastIndexOf(separator)) >= 0; left--)
        {
            Add(budget, pieces, text, at + separator.Length, end);
            end = at;
        }

        Add(budget, pieces, text, 0, end);
        pieces.Reverse();
        return pieces;
    }

    private static List<string> Words(Budget budget, string text, long left)
    {
        budget.Scan(text);
        List<string> words = [];
        for (int start = SkipSpace(text, 0); start < text.Length; start = SkipSpace(text, start), left--)
        {
            if (left == 0)
            {
                Add(budget, words, text, start, text.Length);
                break;
            }

            int end = start;
            while (end < text.Length && !Whitespace.Is(text[end]))
                end++;
            Add(budget, words, text, start, end);
            start = end;
        }

        return words;
    }

    private static int SkipSpace(string text, int at)
    {
        while (at < text.Length && Whitespace.Is(text[at]))
            at++;
        return at;
    }

    private static List<string> WordsFromEnd(Budget budget, string text, long left)
    {
        List<string> words = Words(budget, text, long.MaxValue);
        if (words.Count <= left)
            return words;
        (int at, int end) = (words.Count, text.Length);
        for (; left > 0; left--)
            end = text.AsSpan(0, end).LastIndexOf(words[--at]);
        return [Whitespace.TrimEnd(text[..end]), .. words.Skip(at)];
    }

    private static Sequence Partition(BuiltinCall call, bool fromEnd)
    {
        (string text, string separator) = (call.SubjectText, call.RequiredText(0));
        if (separator.Length == 0)
            throw new TemplateFault($"{call.Name} is given an empty separator; expected a text.");
        call.Budget.Search(text, separator);
        call.Budget.MakeText(text.Length, text.Length);
        int at = fromEnd ? text.AsSpan().LastIndexOf(separator) : text.IndexOf(separator, StringComparison.Ordinal);
        object?[] parts = at >= 0 ? [text[..at], separator, text[(at + separator.Length)..]] : fromEnd ? ["", "", text] : [text, "", ""];
        return new Sequence(parts, SequenceKind.Tuple);
    }
}
