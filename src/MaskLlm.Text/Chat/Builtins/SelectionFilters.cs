using MaskLlm.Chat.Values;

namespace MaskLlm.Chat.Builtins;

/// <summary>Filters that apply a filter or a test to each item.</summary>
internal static class SelectionFilters
{
    /// <summary>The filters by name.</summary>
    public static Dictionary<string, Builtin> All { get; } = new(StringComparer.Ordinal)
    {
        ["map"] = new(null, Map),
        ["select"] = new(null, call => Select(call, hasAttribute: false, wanted: true)),
        ["reject"] = new(null, call => Select(call, hasAttribute: false, wanted: false)),
        ["selectattr"] = new(null, call => Select(call, hasAttribute: true, wanted: true)),
        ["rejectattr"] = new(null, call => Select(call, hasAttribute: true, wanted: false)),
    };

    private static Sequence Map(BuiltinCall call)
    {
        // As Jinja has it, any false value: none, undefined, 0, and what is empty.
        if (!Truth.Of(call.Subject))
            return new Sequence([], SequenceKind.Generator);
        IReadOnlyList<object?> items = call.Items();
        Func<object?, object?> change = call.Given.Positional.Count > 0 ? FilterOf(call) : AttributeOf(call);
        return new Sequence([.. items.Select(change)], SequenceKind.Generator);
    }

    private static Func<object?, object?> FilterOf(BuiltinCall call)
    {
        (string name, CallArguments others) = Behind(call, 0, "the name of a filter");
        return item => call.Renderer.Filter(name, item, others);
    }

    private static Func<object?, object?> AttributeOf(BuiltinCall call)
    {
        BuiltinCall bound = call with { Bound = call.Given.Bind(call.Name, ["attribute", "default"]) };
        object? attribute = bound.Required(0);
        object? otherwise = bound.Value(1, null);
        return item => AttributePath.Follow(call, attribute, item) is var value && value is Undefined && otherwise is not null ? otherwise
            : value;
    }

    private static Sequence Select(BuiltinCall call, bool hasAttribute, bool wanted)
    {
        if (!Truth.Of(call.Subject))
            return new Sequence([], SequenceKind.Generator);
        Func<object?, object?> key = hasAttribute ? AttributeKey(call) : item => item;
        Func<object?, bool> test = TestOf(call, hasAttribute ? 1 : 0);
        return new Sequence([.. call.Items().Where(item => test(key(item)) == wanted)], SequenceKind.Generator);
    }

    private static Func<object?, object?> AttributeKey(BuiltinCall call) => call.Given.Positional is [var attribute, ..]
        ? item => AttributePath.Follow(call, attribute, item)
        : throw new TemplateFault($"{call.Name} lacks the name of an attribute.");

    private static Func<object?, bool> TestOf(BuiltinCall call, int place)
    {
        if (call.Given.Positional.Count <= place)
            return Truth.Of;
        (string name, CallArguments others) = Behind(call, place, "the name of a test");
        return item => call.Renderer.Test(name, item, others);
    }

    /// <summary>The name at a place among the arguments, and the arguments behind it.</summary>
    private static (string Name, CallArguments Others) Behind(BuiltinCall call, int place, string expected)
    {
        object? name = call.Given.Positional[place];
        return (Markup.Plain(name) as string ?? throw call.Unfit(name, expected),
            call.Given with { Positional = [.. call.Given.Positional.Skip(place + 1)] });
    }
}
