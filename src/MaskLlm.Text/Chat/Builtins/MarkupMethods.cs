using MaskLlm.Chat.Rendering;
using MaskLlm.Chat.Values;

namespace MaskLlm.Chat.Builtins;

/// <summary>Methods of texts that are marked safe: what is put into such a text is escaped, and what comes out of it is marked.</summary>
internal static class MarkupMethods
{
    // Which arguments are put into the text; others are only looked for.
    private static readonly Dictionary<string, int> Inserted = new(StringComparer.Ordinal)
    {
        ["replace"] = 1,
        ["ljust"] = 1,
        ["rjust"] = 1,
        ["center"] = 1
    };

    /// <summary>Calls a method of the text.</summary>
    public static object? Invoke(Builtin method, Renderer renderer, string name, Markup subject, CallArguments arguments)
    {
        Budget budget = renderer.Budget;
        if (name == "join")
            arguments = arguments with
            {
                Positional = [.. arguments.Positional.Select(items =>
                new Sequence([.. renderer.Iterate(items)
                .Select(item => Escaped(item is Markup ? item : renderer.TextOf(item), budget))]))]
            };
        if (name == "format_map")
            arguments = arguments with
            {
                Positional = [.. arguments.Positional.Select(value => Escaped(value as Mapping, budget)
                ?? value)]
            };
        if (name == "format")
            arguments = new CallArguments([.. arguments.Positional.Select(value => Escaped(value, budget))],
                [.. arguments.Named.Select(value => (value.Name, Escaped(value.Value, budget)))]);
        if (Inserted.TryGetValue(name, out int place) && arguments.Positional.Count > place)
            arguments = arguments with
            {
                Positional = [.. arguments.Positional.Select((value, index) => index == place
                ? Escaped(value, budget) : value)]
            };
        return Marked(method.Invoke(renderer, $"the method '{name}'", subject.Text, arguments));
    }

    private static Mapping? Escaped(Mapping? mapping, Budget budget)
    {
        budget.Step(16 + 8 * (mapping?.Count ?? 0));
        return mapping is null ? null : new Mapping(mapping.Items.Select(item => (item.Key, Escaped(item.Value, budget))));
    }

    private static object? Escaped(object? value, Budget budget) => value is string text ? Markup.Escape(text, budget)
        : Markup.Plain(value);

    private static object? Marked(object? value) => value switch
    {
        string text => new Markup(text),
        Sequence sequence => new Sequence([.. sequence.Items.Select(Marked)], sequence.Kind),
        _ => value,
    };
}
