using System.Text.Json;
using MaskLlm.Chat.Values;

namespace MaskLlm.Chat;

/// <summary>The tool calls of an assistant's message, for its template.</summary>
internal static class ToolCalls
{
    private const string Arguments = "arguments";

    // Deeper arguments stay a text: values of templates have a limit of their own.
    private static readonly JsonDocumentOptions ArgumentOptions = new() { MaxDepth = 32 };

    /// <summary>Calls as clients send them: a list of objects with <c>function</c>, whose <c>arguments</c> are JSON in a text.</summary>
    /// <param name="calls">The list; its strings must be Unicode text.</param>
    /// <param name="parsesArguments">
    /// True for arguments as objects, which is what most templates print with <c>tojson</c>; false for the text, which some append to one.
    /// Arguments that are no JSON object stay a text.
    /// </param>
    internal static object Of(JsonElement calls, bool parsesArguments) =>
        new Sequence([.. calls.EnumerateArray().Select(call => Call(call, parsesArguments))]);

    private static object? Call(JsonElement call, bool parsesArguments) => call.ValueKind != JsonValueKind.Object ? ElementValues.Of(call) : new Mapping(
        call.EnumerateObject().Select(member => ((object?)member.Name, member.NameEquals("function") ? Function(member.Value, parsesArguments) : ElementValues.Of(member.Value))));

    private static object? Function(JsonElement function, bool parsesArguments) => function.ValueKind != JsonValueKind.Object ? ElementValues.Of(function) : new Mapping(
        function.EnumerateObject().Select(member => ((object?)member.Name, parsesArguments && member.NameEquals(Arguments) ? Parsed(member.Value) : ElementValues.Of(member.Value))));

    private static object? Parsed(JsonElement arguments)
    {
        if (arguments.ValueKind != JsonValueKind.String) return ElementValues.Of(arguments);
        try
        {
            using JsonDocument document = JsonDocument.Parse(arguments.GetString()!, ArgumentOptions);
            if (document.RootElement.ValueKind == JsonValueKind.Object) return ElementValues.Of(document.RootElement);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or TemplateFault)
        {
            // A model wrote it, and not every text of a model is JSON, or Unicode in it.
        }
        return arguments.GetString();
    }
}
