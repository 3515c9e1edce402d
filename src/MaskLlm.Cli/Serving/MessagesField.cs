using System.Text.Json;
using MaskLlm.Chat;

namespace MaskLlm.Cli.Serving;

/// <summary>The conversation of a chat: each message has a role and a text, or a list of parts of text.</summary>
internal static class MessagesField
{
    private const string Name = "messages";

    internal static IReadOnlyList<ChatMessage> Read(RequestFields fields)
    {
        if (fields.Element(Name) is not { ValueKind: JsonValueKind.Array } messages || messages.GetArrayLength() == 0)
            throw ApiException.Wrong(Name, "a list of at least one message is expected.");
        return [.. messages.EnumerateArray().Select((message, i) => Message(message, $"{Name}[{i}]"))];
    }

    private static ChatMessage Message(JsonElement message, string path)
    {
        RequestFields fields = new(message, $"{path}.");
        string role = fields.Text("role") ?? throw ApiException.Wrong($"{path}.role", "it is missing.");
        JsonElement content = fields.Element("content") ?? throw ApiException.Wrong($"{path}.content", "it is missing; tool calls are not served.");
        return new ChatMessage(role, content.ValueKind == JsonValueKind.Array ? Parts(content, $"{path}.content") : RequestFields.TextOf(content, $"{path}.content"));
    }

    private static string Parts(JsonElement parts, string path) => string.Concat(parts.EnumerateArray().Select((part, i) =>
    {
        RequestFields fields = new(part, $"{path}[{i}].");
        if (fields.Text("type") is not "text") throw ApiException.Wrong($"{path}[{i}].type", "only text is served.");
        return fields.Text("text") ?? throw ApiException.Wrong($"{path}[{i}].text", "it is missing.");
    }));
}
