using MaskLlm.Chat.Values;

namespace MaskLlm.Chat.Builtins;

/// <summary>Filters that give texts.</summary>
internal static class TextFilters
{
    /// <summary>The filters by name.</summary>
    public static Dictionary<string, Builtin> All { get; } = new(StringComparer.Ordinal)
    {
        ["string"] = new(call => call.SubjectText),
        ["safe"] = new(call => call.SubjectText),
        ["trim"] = new(["chars"], call => TextMethods.Strip(call, atStart: true, atEnd: true)),
        ["upper"] = new(call => call.Budget.Made(call.SubjectText.ToUpperInvariant())),
        ["lower"] = new(call => call.Budget.Made(TextCase.Lower(call.SubjectText))),
        ["capitalize"] = new(call => call.Budget.Made(TextCase.Capitalize(call.SubjectText))),
        ["title"] = new(call => call.Budget.Made(TextCase.Title(call.SubjectText, BeginsWord))),
        ["replace"] = new(["old", "new", "count"], Replace),
        ["indent"] = new(["width", "first", "blank"], Indent),
        ["tojson"] = new(["ensure_ascii", "indent", "separators", "sort_keys"], ToJson),
        ["wordcount"] = new(call => call.SubjectText.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).LongCount(word => word.Any(char.IsLetterOrDigit))),
    };

    private static bool BeginsWord(char unit) => unit is '-' or '(' or '{' or '[' or '<' || Syntax.Whitespace.Is(unit);

    private static string Replace(BuiltinCall call)
    {
        var (old, replacement) = (call.Renderer.TextOf(call.Required(0)), call.Renderer.TextOf(call.Required(1)));
        var count = call.Value(2, null) is null ? -1 : call.Whole(2, -1);
        return TextSearchMethods.Replace(call, call.SubjectText, old, replacement, count);
    }

    private static string Indent(BuiltinCall call)
    {
        var indent = call.Value(0, 4L) as string ?? Spaces(call, call.Whole(0, 4));
        var (indentsFirst, indentsBlank) = (call.Flag(1, false), call.Flag(2, false));
        // Jinja has it so: a line break at the end stays, where blank lines are indented with what is behind it.
        var lines = TextSplitMethods.Lines(call.SubjectText + "\n", keepsBreaks: false);
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
        var indent = call.Value(1, null) is var width && width is null or string ? (string?)width : Spaces(call, call.Whole(1, 0));
        var (itemSeparator, keySeparator) = (indent is null ? ", " : ",", ": ");
        if (call.Value(2, null) is { } separators)
            (itemSeparator, keySeparator) = separators is Sequence { Items: [string item, string key] } ? (item, key) : throw call.Unfit(separators, "two texts as separators");
        var builder = new TextBuilder(call.Budget);
        new JsonText(builder, itemSeparator, keySeparator, indent, isAscii: call.Flag(0, false), sortsKeys: call.Flag(3, false)).Write(call.Subject);
        return builder.ToString();
    }
}
