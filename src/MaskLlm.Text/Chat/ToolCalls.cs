using System.Text.Json;
using System.Text.Json.Nodes;
using MaskLlm.Chat.Values;

namespace MaskLlm.Chat;

/// <summary>The tool calls of an assistant's message, for its template.</summary>
internal static class ToolCalls
{
    private const string Arguments = "arguments";

    // Deeper arguments stay a text: values of templates have a limit of their own.
    private static readonly JsonDocumentOptions ArgumentOptions = new() { MaxDepth = 32 };

    /// <summary>Calls as clients send them: a list of objects with <c>function</c>, whose <c>arguments</c> are JSON in a text.</summary>
    /// <param name="calls">The list; its strings must be Unicode text and its names come once.</param>
    /// <param name="parsesArguments">
    /// True for arguments as objects, which is what most templates print with <c>tojson</c>; false for the text, which some append to one.
    /// Arguments that are no JSON object stay a text.
    /// </param>
    internal static JsonArray Of(JsonElement calls, bool parsesArguments)
    {
        JsonArray copy = JsonNode.Parse(calls.GetRawText())!.AsArray();
        if (!parsesArguments) return copy;
        foreach (JsonNode? call in copy)
        {
            if (call is JsonObject && call["function"] is JsonObject function && function[Arguments] is JsonValue text
                && text.GetValueKind() == JsonValueKind.String)
                function[Arguments] = Parsed(text.GetValue<string>()) ?? text.DeepClone();
        }
        return copy;
    }

    private static JsonObject? Parsed(string arguments)
    {
        try
        {
            JsonNode? node = JsonNode.Parse(arguments, null, ArgumentOptions);
            // Read once here: half a surrogate pair is noticed only then.
            return JsonValues.Of(node) is Mapping ? node!.AsObject() : null;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or TemplateFault)
        {
            // A model wrote it, and not every text of a model is JSON, or Unicode in it.
            return null;
        }
    }
}
