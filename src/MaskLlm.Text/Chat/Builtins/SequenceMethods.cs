using MaskLlm.Chat.Values;

namespace MaskLlm.Chat.Builtins;

/// <summary>Methods of lists, tuples and ranges.</summary>
internal static class SequenceMethods
{
    /// <summary>The methods by name.</summary>
    public static Dictionary<string, Builtin> All { get; } = new(StringComparer.Ordinal)
    {
        ["count"] = new(["value"], call => (long)call.Items().Count(item => call.Renderer.Compare("==", item, call.Required(0)))),
        ["index"] = new(["value"], call => Index(call)),
        ["copy"] = new(call => call.Subject),
    };

    private static long Index(BuiltinCall call)
    {
        IReadOnlyList<object?> items = call.Items();
        for (int index = 0; index < items.Count; index++)
        {
            if (call.Renderer.Compare("==", items[index], call.Required(0)))
                return index;
        }

        throw new TemplateFault($"{call.Name} does not find what it looks for. Ask with 'in' first.");
    }
}
