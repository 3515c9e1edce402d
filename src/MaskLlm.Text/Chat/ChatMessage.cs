using System.Text.Json.Nodes;

namespace MaskLlm.Chat;

/// <summary>One turn of a conversation.</summary>
/// <param name="Role">Who speaks: what the template knows, mostly <c>system</c>, <c>user</c> and <c>assistant</c>.</param>
/// <param name="Content">What is said; null where there is no text, as beside tool calls.</param>
public sealed record ChatMessage(string Role, string? Content)
{
    /// <summary>What else the template can read of the message, such as <c>tool_calls</c>, as JSON.</summary>
    internal IReadOnlyList<(string Name, JsonNode? Value)> Members { get; init; } = [];
}
