using System.Text.Json;
using System.Text.Json.Nodes;
using MaskLlm.Chat;

namespace MaskLlm.Serving.Http;

/// <summary>The conversation of a chat: each message has a role and a text, a list of parts of text, or calls of tools.</summary>
internal static class MessagesField
{
    internal const string Name = "messages";

    private const string Assistant = "assistant", ToolCallsName = "tool_calls", FunctionCallName = "function_call",
        ReasoningName = "reasoning_content";

    internal static IReadOnlyList<Message> Read(RequestFields fields)
    {
        if (fields.Element(Name) is not { ValueKind: JsonValueKind.Array } messages || messages.GetArrayLength() == 0)
            throw ApiException.Wrong(Name, "a list of at least one message is expected.");
        return [.. messages.EnumerateArray().Select((message, i) => Read(message, $"{Name}[{i}]"))];
    }

    private static Message Read(JsonElement message, string path)
    {
        RequestFields fields = new(message, RequestTables.Message, $"{path}.");
        string role = fields.Text("role") ?? throw ApiException.Wrong($"{path}.role", "it is missing.");
        JsonElement? calls = Calls(fields, path), call = fields.Element(FunctionCallName);
        if (call is { } value && (value.ValueKind != JsonValueKind.Object || !HasText(value, "name")))
            throw ApiException.Wrong($"{path}.{FunctionCallName}", "an object with a name is expected.");
        bool hasCalls = calls is not null || call is not null;
        if (hasCalls && role != Assistant)
            throw ApiException.Wrong($"{path}.{(calls is null ? FunctionCallName : ToolCallsName)}", "only an assistant calls tools.");
        if (fields.Element("content") is not { } content)
            return hasCalls ? new Message(role, null, Texts(fields), calls, call)
                : throw ApiException.Wrong($"{path}.content", "it is missing.");
        string text = content.ValueKind == JsonValueKind.Array ? Parts(content, $"{path}.content")
            : RequestFields.TextOf(content, $"{path}.content");
        return new Message(role, text, Texts(fields), calls, call);
    }

    // An empty list is none: many templates ask only whether there is a list.
    private static JsonElement? Calls(RequestFields fields, string path)
    {
        if (fields.Element(ToolCallsName) is not { } calls) return null;
        if (calls.ValueKind != JsonValueKind.Array) throw ApiException.Wrong($"{path}.{ToolCallsName}", "a list is expected.");
        int at = 0;
        foreach (JsonElement call in calls.EnumerateArray()) CheckCall(call, $"{path}.{ToolCallsName}[{at++}]");
        return at == 0 ? null : calls;
    }

    private static void CheckCall(JsonElement call, string path)
    {
        if (call.ValueKind != JsonValueKind.Object || !call.TryGetProperty("function", out JsonElement function)
            || function.ValueKind != JsonValueKind.Object)
            throw ApiException.Wrong(path, "an object with a function is expected.");
        if (!HasText(function, "name")) throw ApiException.Wrong($"{path}.function.name", "a string is expected.");
        if (function.TryGetProperty("arguments", out JsonElement arguments)
            && arguments.ValueKind is not (JsonValueKind.String or JsonValueKind.Object))
            throw ApiException.Wrong($"{path}.function.arguments", "JSON in a string is expected.");
    }

    private static bool HasText(JsonElement value, string name) => value.TryGetProperty(name, out JsonElement text)
        && text.ValueKind == JsonValueKind.String;

    private static List<(string, JsonNode?)> Texts(RequestFields fields)
    {
        List<(string, JsonNode?)> members = [];
        foreach (string name in (string[])["name", "tool_call_id", ReasoningName])
            if (fields.Text(name) is { } text) members.Add((name, text));
        return members;
    }

    private static string Parts(JsonElement parts, string path) => string.Concat(parts.EnumerateArray().Select((part, i) =>
    {
        if (part.ValueKind == JsonValueKind.Object && part.TryGetProperty("type", out JsonElement type)
            && !(type.ValueKind == JsonValueKind.String && type.ValueEquals("text")))
            throw ApiException.Wrong($"{path}[{i}].type", "only text is served.");
        RequestFields fields = new(part, RequestTables.Part, $"{path}[{i}].");
        if (fields.Text("type") is null) throw ApiException.Wrong($"{path}[{i}].type", "it is missing.");
        return fields.Text("text") ?? throw ApiException.Wrong($"{path}[{i}].text", "it is missing.");
    }));

    /// <summary>One message as it was sent.</summary>
    /// <param name="Role">Who speaks.</param>
    /// <param name="Content">What is said; null beside calls.</param>
    /// <param name="Members">Other texts for the template.</param>
    /// <param name="Calls">Calls of tools, or null.</param>
    /// <param name="Call">The call of a function, as before there were tools, or null.</param>
    internal sealed record Message(string Role, string? Content, IReadOnlyList<(string, JsonNode?)> Members, JsonElement? Calls,
        JsonElement? Call)
    {
        internal bool HasCalls => Calls is not null || Call is not null;

        internal ChatMessage ForTemplate(bool parsesArguments)
        {
            List<(string, JsonNode?)> members = [.. Members];
            if (Calls is { } calls) members.Add((ToolCallsName, ToolCalls.Of(calls, parsesArguments)));
            if (Call is { } call) members.Add((FunctionCallName, JsonNode.Parse(call.GetRawText())));
            return new ChatMessage(Role, Content) { Members = members };
        }
    }
}
