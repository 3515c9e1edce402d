using MaskLlm.Chat.Values;

namespace MaskLlm.Chat.Builtins;

/// <summary>Filters that hold texts to a width.</summary>
internal static class WrapFilters
{
    /// <summary>The filters by name.</summary>
    public static Dictionary<string, Builtin> All { get; } = new(StringComparer.Ordinal)
    {
        ["truncate"] = new(["length", "killwords", "end", "leeway"], Truncate) { Marks = MarkRule.Sees },
        ["wordwrap"] = new(["width", "break_long_words", "wrapstring", "break_on_hyphens"], Wrap),
    };

    private static object? Truncate(BuiltinCall call)
    {
        if (call.Subject is Undefined)
            return call.Subject;
        string end = call.Text(2) ?? "...";
        (long length, long leeway) = (call.Whole(0, 255), call.Value(3, null) is null ? 5 : call.Whole(3, 5));
        long most = length - CodePoints.Count(end);
        if (most < 0 || leeway < 0)
            throw new TemplateFault($"{call.Name} is given the length {length} and the leeway {leeway}; expected those of '{end}' and 0 "
                + $"at least.");
        // What is short enough stays, lists too.
        if (LengthOf(call) <= (Int128)length + leeway)
            return call.Subject;
        string text = Markup.Plain(call.Subject) as string ?? throw call.Unfit(call.Subject, "a text");
        string cut = text[..CodePoints.UnitOffset(text, (int)most)];
        if (!call.Flag(1, false) && cut.LastIndexOf(' ') is >= 0 and var space)
            cut = cut[..space];
        call.Budget.MakeText(cut.Length + end.Length, cut.Length + end.Length);
        return call.Subject is Markup ? new Markup(cut + (call.Bound[2] is Markup ? end : Markup.Escape(end, call.Budget))) : cut + end;
    }

    private static int LengthOf(BuiltinCall call) => Markup.Plain(call.Subject) switch
    {
        string text => CodePoints.Count(text),
        Sequence { HasLength: true } sequence => sequence.Items.Count,
        Mapping mapping => mapping.Count,
        _ => throw call.Unfit(call.Subject, "a text"),
    };

    private static string Wrap(BuiltinCall call)
    {
        if (call.Subject is not string text)
            throw call.Unfit(call.Subject, "a text");
        long width = call.Whole(0, 79);
        if (width <= 0)
            throw new TemplateFault($"{call.Name} is given the width {width}; expected one above 0.");
        string between = call.Text(2) ?? "\n";
        LineWrapper lines = new(call.Budget, width, call.Flag(1, true), call.Flag(3, true));
        TextBuilder builder = new(call.Budget);
        bool isFirst = true;
        foreach (string paragraph in TextSplitMethods.Lines(call.Budget, text, keepsBreaks: false))
        {
            if (!isFirst)
                builder.Append(between);
            isFirst = false;
            lines.Wrap(paragraph, between, builder);
        }

        return builder.ToString();
    }
}
