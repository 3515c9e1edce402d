using System.Text.Json;

namespace MaskLlm.Tokens;

/// <summary>Reads members of a tokenizer.json that may be absent or null.</summary>
internal static class JsonElements
{
    /// <summary>A member, or null where it is absent or null.</summary>
    public static JsonElement? Component(this JsonElement parent, string name) =>
        parent.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;

    /// <summary>A text, or null.</summary>
    public static string? Text(this JsonElement parent, string name) => parent.Component(name)?.GetString();

    /// <summary>A flag, or its default.</summary>
    public static bool Flag(this JsonElement parent, string name, bool otherwise = false) =>
        parent.Component(name)?.GetBoolean() ?? otherwise;

    /// <summary>The kind of a component.</summary>
    public static string Kind(this JsonElement component) => component.GetProperty("type").GetString() ?? "null";
}
