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
        ["upper"] = TextMethods.Plain(text => text.ToUpperInvariant()) with { Marks = MarkRule.Keeps },
        ["lower"] = TextMethods.Plain(TextCase.Lower) with { Marks = MarkRule.Keeps },
        ["capitalize"] = TextMethods.Plain(TextCase.Capitalize) with { Marks = MarkRule.Keeps },
        ["title"] = TextMethods.Plain(text => TextCase.Title(text, BeginsWord)),
        ["center"] = new(["width"], call => TextMethods.Center(call, 80)) { Marks = MarkRule.Keeps },
        ["format"] = new(null, Format) { Marks = MarkRule.Sees },
        ["replace"] = new(["old", "new", "count"], Replace),
        ["indent"] = new(["width", "first", "blank"], Indent) { Marks = MarkRule.Keeps },
        ["tojson"] = new(["ensure_ascii", "indent", "separators", "sort_keys"], ToJson),
        ["wordcount"] = new(call => CountWords(call)),
    };

    private static object Escape(BuiltinCall call) => call.Subject as Markup ?? new Markup(Markup.Escape(call.SubjectText, call.Budget));

    private static object? Format(BuiltinCall call)
    {
        var (values, named) = (call.Given.Positional, call.Given.Named);
        if (values.Count > 0 && named.Count > 0)
            throw new TemplateFault($"{call.Name} is given arguments with names and without; expected one kind.");
        object given = named.Count > 0 ? new Mapping(named.Select(item => ((object?)item.Name, item.Value))) : new Sequence(values, SequenceKind.Tuple);
        var format = call.Subject as Markup ?? (object)call.SubjectText;
        return new Arithmetic(call.Budget).Apply("%", format, given);
    }

    // A word is letters, digits, marks and underlines, as \w has it.
    private static long CountWords(BuiltinCall call)
    {
        var text = call.SubjectText;
        call.Budget.Scan(text);
        var (count, isInWord) = (0L, false);
        foreach (var unit in text)
        {
            var belongs = unit == '_' || char.IsLetterOrDigit(unit) || char.IsSurrogate(unit) || char.IsNumber(unit);
            count += belongs && !isInWord ? 1 : 0;
            isInWord = belongs;
        }

        return count;
    }

    private static bool BeginsWord(char unit) => unit is '-' or '(' or '{' or '[' or '<' || Syntax.Whitespace.Is(unit);

    private static string Replace(BuiltinCall call)
    {
        var (old, replacement) = (call.Renderer.TextOf(call.Required(0)), call.Renderer.TextOf(call.Required(1)));
        call.Budget.Read(replacement);
        var count = call.Value(2, null) is null ? -1 : call.Whole(2, -1);
        return TextSearchMethods.Replace(call, call.SubjectText, old, replacement, count);
    }

    private static string Indent(BuiltinCall call)
    {
        var indent = Markup.Plain(call.Value(0, 4L)) as string ?? Spaces(call, call.Whole(0, 4));
        var (indentsFirst, indentsBlank) = (call.Flag(1, false), call.Flag(2, false));
        // Jinja has it so: a line break at the end stays, where blank lines are indented with what is behind it.
        var lines = TextSplitMethods.Lines(call.Budget, call.SubjectText + "\n", keepsBreaks: false);
        var builder = new TextBuilder(call.Budget).Append(indentsFirst ? indent : "").Append(lines[0]);
        foreach (var line in lines.Skip(1))
            builder.Append("\n").Append(indentsBlank || line.Length > 0 ? indent : "").Append(line);
        return builder.ToString();
    }

    private static string Spaces(BuiltinCall call, long count)
    {
        var width = Math.Clamp(count, 0, call.Budget.MaxCharacters + 1L);
        call.Budget.MakeText(width, width);
        return new string(' ', (int)width);
    }

    private static string ToJson(BuiltinCall call)
    {
        var indent = Markup.Plain(call.Value(1, null)) is var width && width is null or string ? (string?)width : Spaces(call, call.Whole(1, 0));
        var (itemSeparator, keySeparator) = (indent is null ? ", " : ",", ": ");
        if (call.Value(2, null) is { } separators)
            (itemSeparator, keySeparator) = separators is Sequence { Items: [string item, string key] } ? (item, key) : throw call.Unfit(separators, "two texts as separators");
        var builder = new TextBuilder(call.Budget);
        new JsonText(call.Budget, builder, itemSeparator, keySeparator, indent, isAscii: call.Flag(0, false), sortsKeys: call.Flag(3, false)).Write(call.Subject);
        return builder.ToString();
    }
}
