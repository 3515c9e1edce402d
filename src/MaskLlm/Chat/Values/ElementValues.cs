using System.Text.Json;

namespace MaskLlm.Chat.Values;

/// <summary>JSON as a template sees it: what Python's <c>json.loads</c> gives.</summary>
internal static class ElementValues
{
    /// <summary>The value of an element, whose strings must be Unicode text.</summary>
    /// <exception cref="TemplateFault">It is nested too deep, or a whole number is beyond those that templates have.</exception>
    public static object? Of(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Object => new Mapping(element.EnumerateObject().Select(member => ((object?)member.Name, Of(member.Value)))),
        JsonValueKind.Array => new Sequence([.. element.EnumerateArray().Select(Of)]),
        JsonValueKind.String => element.GetString(),
        JsonValueKind.Number => Number(element),
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => null,
    };

    private static object Number(JsonElement number)
    {
        if (number.TryGetInt64(out long whole)) return whole;
        return number.GetRawText().AsSpan().ContainsAny('.', 'e', 'E')
            ? number.GetDouble()
            : throw new TemplateFault($"the number {number.GetRawText()} is beyond 64 bits.");
    }
}
