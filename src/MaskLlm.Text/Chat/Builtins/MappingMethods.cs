using MaskLlm.Chat.Values;

namespace MaskLlm.Chat.Builtins;

/// <summary>Methods of dicts.</summary>
internal static class MappingMethods
{
    /// <summary>The methods by name.</summary>
    public static Dictionary<string, Builtin> All { get; } = new(StringComparer.Ordinal)
    {
        ["get"] = new(["key", "default"], Get),
        ["keys"] = new(call => View(call, Of(call).Keys)),
        ["values"] = new(call => View(call, Of(call).Values)),
        ["items"] = new(call => View(call, Pairs(call.Budget, Of(call)))),
        ["copy"] = new(call => call.Subject),
    };

    /// <summary>Keys with their values, each a tuple.</summary>
    /// <exception cref="TemplateFault">The budget is spent.</exception>
    public static IReadOnlyList<object?> Pairs(Budget budget, Mapping mapping)
    {
        budget.Step(16L * mapping.Count);
        return [.. mapping.Items.Select(item => (object?)new Sequence([item.Key, item.Value], SequenceKind.Tuple))];
    }

    private static Mapping Of(BuiltinCall call) => (Mapping)call.Subject!;

    private static object? Get(BuiltinCall call)
    {
        object? key = call.Required(0);
        call.Budget.Read(key);
        return Of(call).TryGet(key, out object? value) ? value : call.Value(1, null);
    }

    private static Sequence View(BuiltinCall call, IEnumerable<object?> items)
    {
        call.Budget.Step(4 * Of(call).Count);
        return new Sequence([.. items], SequenceKind.View);
    }
}
