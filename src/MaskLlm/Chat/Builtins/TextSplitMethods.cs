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
        ["splitlines"] = new(["keepends"], call => Pieces(call, Lines(call.SubjectText, call.Flag(0, false)))),
        ["partition"] = new(["sep"], call => Partition(call, fromEnd: false)),
        ["rpartition"] = new(["sep"], call => Partition(call, fromEnd: true)),
    };

    /// <summary>The lines of a text, ended by what Python takes for line breaks.</summary>
    public static List<string> Lines(string text, bool keepsBreaks)
    {
        var lines = new List<string>();
        for (var start = 0; start < text.Length;)
        {
            var end = text.AsSpan(start).IndexOfAny(Breaks);
            if (end < 0)
            {
                lines.Add(text[start..]);
                break;
            }

            end += start;
            var next = end + (text.AsSpan(end).StartsWith("\r\n") ? 2 : 1);
            lines.Add(text[start..(keepsBreaks ? next : end)]);
            start = next;
        }

        return lines;
    }

    private static Sequence Pieces(BuiltinCall call, List<string> pieces)
    {
        foreach (var piece in pieces)
        {
            call.Budget.Step(4);
            call.Budget.Made(piece);
        }

        return new Sequence([.. pieces]);
    }

    private static Sequence Split(BuiltinCall call, bool fromEnd)
    {
        var (text, separator) = (call.SubjectText, call.Text(0));
        var most = call.Whole(1, -1);
        var left = most < 0 ? long.MaxValue : most;
        if (separator is null)
            return Pieces(call, fromEnd ? WordsFromEnd(text, left) : Words(text, left));
        if (separator.Length == 0)
            throw new TemplateFault($"{call.Name} is given an empty separator; expected a text.");
        call.Budget.Search(text, separator);
        return Pieces(call, fromEnd ? SplitFromEnd(text, separator, left) : Split(text, separator, left));
    }

    private static List<string> Split(string text, string separator, long left)
    {
        var pieces = new List<string>();
        var start = 0;
        for (int at; left > 0 && (at = text.IndexOf(separator, start, StringComparison.Ordinal)) >= 0; left--)
        {
            pieces.Add(text[start..at]);
            start = at + separator.Length;
        }

        pieces.Add(text[start..]);
        return pieces;
    }

    private static List<string> SplitFromEnd(string text, string separator, long left)
    {
        var pieces = new List<string>();
        var end = text.Length;
        for (int at; left > 0 && (at = text.AsSpan(0, end).LastIndexOf(separator)) >= 0; left--)
        {
            pieces.Add(text[(at + separator.Length)..end]);
            end = at;
        }

        pieces.Add(text[..end]);
        pieces.Reverse();
        return pieces;
    }

    private static List<string> Words(string text, long left)
    {
        var words = new List<string>();
        for (var start = SkipSpace(text, 0); start < text.Length; start = SkipSpace(text, start), left--)
        {
            if (left == 0)
            {
                words.Add(text[start..]);
                break;
            }

            var end = start;
            while (end < text.Length && !Whitespace.Is(text[end]))
                end++;
            words.Add(text[start..end]);
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

    private static List<string> WordsFromEnd(string text, long left)
    {
        var words = Words(text, long.MaxValue);
        if (words.Count <= left)
            return words;
        var (at, end) = (words.Count, text.Length);
        for (; left > 0; left--)
            end = text.AsSpan(0, end).LastIndexOf(words[--at]);
        return [Whitespace.TrimEnd(text[..end]), .. words.Skip(at)];
    }

    private static Sequence Partition(BuiltinCall call, bool fromEnd)
    {
        var (text, separator) = (call.SubjectText, call.RequiredText(0));
        if (separator.Length == 0)
            throw new TemplateFault($"{call.Name} is given an empty separator; expected a text.");
        call.Budget.Search(text, separator);
        var at = fromEnd ? text.AsSpan().LastIndexOf(separator) : text.IndexOf(separator, StringComparison.Ordinal);
        object?[] parts = at >= 0 ? [text[..at], separator, text[(at + separator.Length)..]] : fromEnd ? ["", "", text] : [text, "", ""];
        return new Sequence(parts, SequenceKind.Tuple);
    }
}
