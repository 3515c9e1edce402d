using System.Text.Json;
using System.Text.Json.Nodes;

namespace MaskLlm.Chat.Values;

/// <summary>JSON as the values that Python makes of it.</summary>
internal static class JsonValues
{
    // Deeper than values may be, so that the sentence about that is theirs.
    private static readonly JsonSerializerOptions Deep = new() { MaxDepth = Extent.DepthLimit + 2 };

    /// <summary>The value of a node.</summary>
    /// <exception cref="TemplateFault">It is nested too deep.</exception>
    public static object? Of(JsonNode? node)
    {
        try
        {
            // An element takes a key that comes twice, as Python does; a node does not.
            return node is null ? null : Of(JsonSerializer.SerializeToElement(node, Deep));
        }
        catch (JsonException)
        {
            throw Extent.TooDeep();
        }
    }

    private static object? Of(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Object => new Mapping(element.EnumerateObject().Select(item => ((object?)item.Name, Of(item.Value)))),
        JsonValueKind.Array => new Sequence([.. element.EnumerateArray().Select(Of)]),
        JsonValueKind.String => element.GetString(),
        JsonValueKind.Number => element.TryGetInt64(out long whole) ? (object)whole : element.GetDouble(),
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => null,
    };
}
