namespace MaskLlm.Chat;

/// <summary>One turn of a conversation.</summary>
/// <param name="Role">Who speaks: what the template knows, mostly <c>system</c>, <c>user</c> and <c>assistant</c>.</param>
/// <param name="Content">What is said.</param>
public sealed record ChatMessage(string Role, string Content);
