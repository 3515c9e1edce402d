using System.Text;
using MaskLlm.Chat.Values;

namespace MaskLlm.Chat.Builtins;

/// <summary>Filters that give texts.</summary>
internal static class TextFilters
{
    /// <summary>The filters by name.</summary>
    public static Dictionary<string, Builtin> All { get; } = new(StringComparer.Ordinal)
    {
        ["string"] = new(call => call.SubjectText) { Marks = MarkRule.Keeps },
        ["safe"] = new(call => call.Subject as Markup ?? new Markup(call.SubjectText)) { Marks = MarkRule.Sees },
        ["escape"] = new(Escape) { Marks = MarkRule.Sees },
        ["e"] = new(Escape) { Marks = MarkRule.Sees },
        ["forceescape"] = new(call => new Markup(Markup.Escape(call.SubjectText, call.Budget))),
        ["trim"] = new(["chars"], call => TextMethods.Strip(call, atStart: true, atEnd: true)) { Marks = MarkRule.Keeps },
        ["upper"] = TextMethods.Plain(TextCase.Upper) with { Marks = MarkRule.Keeps },
        ["lower"] = TextMethods.Plain(TextCase.Lower) with { Marks = MarkRule.Keeps },
        ["capitalize"] = TextMethods.Plain(TextCase.Capitalize) with { Marks = MarkRule.Keeps },
        ["title"] = TextMethods.Plain(Title),
        ["center"] = new(["width"], call => TextMethods.Center(call, 80)) { Marks = MarkRule.Keeps },
        ["format"] = new(null, Format) { Marks = MarkRule.Sees },
        ["replace"] = new(["old", "new", "count"], Replace) { Marks = MarkRule.Sees },
        ["indent"] = new(["width", "first", "blank"], Indent) { Marks = MarkRule.Keeps },
        ["tojson"] = new(["ensure_ascii", "indent", "separators", "sort_keys"], ToJson),
        ["wordcount"] = new(call => CountWords(call)),
    };

    private static object Escape(BuiltinCall call) => call.Subject as Markup ?? new Markup(Markup.Escape(call.SubjectText, call.Budget));

    private static object? Format(BuiltinCall call)
    {
        (IReadOnlyList<object?>? values, IReadOnlyList<(string Name, object? Value)>? named) = (call.Given.Positional, call.Given.Named);
        if (values.Count > 0 && named.Count > 0)
            throw new TemplateFault($"{call.Name} is given arguments with names and without; expected one kind.");
        object given = named.Count > 0 ? new Mapping(named.Select(item => ((object?)item.Name, item.Value)))
            : new Sequence(values, SequenceKind.Tuple);
        object format = call.Subject as Markup ?? (object)call.SubjectText;
        return new Arithmetic(call.Budget).Apply("%", format, given);
    }

    // A word is letters, digits and underlines, as \w has it.
    private static long CountWords(BuiltinCall call)
    {
        string text = call.SubjectText;
        call.Budget.Scan(text);
        (long count, bool isInWord) = (0L, false);
        foreach (Rune rune in text.EnumerateRunes())
        {
            bool belongs = CodePoints.IsWord(rune);
            count += belongs && !isInWord ? 1 : 0;
            isInWord = belongs;
        }

        return count;
    }

    // Jinja has its own words: what is between white space, hyphens and opening brackets.
    private static string Title(string text)
    {
        StringBuilder result = new(text.Length);
        for (int start = 0, end; start < text.Length; start = end)
        {
            for (end = start; end < text.Length && BeginsWord(text[end]); end++)
                result.Append(text[end]);
            int first = end;
            while (end < text.Length && !BeginsWord(text[end]))
                end++;
            int length = first + 1 < end && char.IsSurrogatePair(text[first], text[first + 1]) ? 2 : Math.Min(1, end - first);
            result.Append(TextCase.Upper(text.Substring(first, length))).Append(TextCase.Lower(text[(first + length)..end]));
        }

        return result.ToString();
    }

    private static bool BeginsWord(char unit) => unit is '-' or '(' or '{' or '[' or '<' || Syntax.Whitespace.Is(unit);

    private static object Replace(BuiltinCall call)
    {
        (string old, string replacement) = (call.Renderer.TextOf(call.Required(0)), call.Renderer.TextOf(call.Required(1)));
        call.Budget.Read(replacement);
        long count = call.Value(2, null) is null ? -1 : call.Whole(2, -1);
        // Where what is printed is escaped, one safe text makes the others so, too.
        bool isMarked = call.Renderer.Escapes && (call.Subject is Markup || call.Bound[0] is Markup || call.Bound[1] is Markup);
        if (!isMarked)
            return TextSearchMethods.Replace(call, call.SubjectText, old, replacement, count);
        string text = call.Subject is Markup ? call.SubjectText : Markup.Escape(call.SubjectText, call.Budget);
        string safe = call.Bound[1] is Markup ? replacement : Markup.Escape(replacement, call.Budget);
        return new Markup(TextSearchMethods.Replace(call, text, old, safe, count));
    }

    private static string Indent(BuiltinCall call)
    {
        string indent = Markup.Plain(call.Value(0, 4L)) as string ?? TextMethods.Spaces(call, call.Whole(0, 4));
        (bool indentsFirst, bool indentsBlank) = (call.Flag(1, false), call.Flag(2, false));
        // Jinja has it so: a line break at the end stays, where blank lines are indented with what is behind it.
        List<string> lines = TextSplitMethods.Lines(call.Budget, call.SubjectText + "\n", keepsBreaks: false);
        TextBuilder builder = new TextBuilder(call.Budget).Append(indentsFirst ? indent : "").Append(lines[0]);
        foreach (string line in lines.Skip(1))
            builder.Append("\n").Append(indentsBlank || line.Length > 0 ? indent : "").Append(line);
        return builder.ToString();
    }

    private static string ToJson(BuiltinCall call)
    {
        string? indent = Markup.Plain(call.Value(1, null)) is var width && width is null or string ? (string?)width
            : TextMethods.Spaces(call, call.Whole(1, 0));
        (string itemSeparator, string keySeparator) = (indent is null ? ", " : ",", ": ");
        if (call.Value(2, null) is { } separators)
            (itemSeparator, keySeparator) = separators is Sequence { Items: [string item, string key] } ? (item, key)
                : throw call.Unfit(separators, "two texts as separators");
        TextBuilder builder = new(call.Budget);
        new JsonText(call.Budget, builder, itemSeparator, keySeparator, indent, isAscii: call.Flag(0, false),
            sortsKeys: call.Flag(3, false)).Write(call.Subject);
        return builder.ToString();
    }
}
