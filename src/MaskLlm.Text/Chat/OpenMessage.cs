namespace MaskLlm.Chat;

/// <summary>Leaves the final message of a conversation open, for an answer that goes on with it.</summary>
/// <remarks>As transformers' <c>continue_final_message</c>: a mark is put behind the text, and what the template writes from there on is
/// cut off.</remarks>
internal static class OpenMessage
{
    // The space at its end shows whether the template trims the text.
    private const string Mark = "MASKLLM_OPEN_MESSAGE ";

    /// <summary>Renders a conversation up to the end of its final message's text.</summary>
    /// <exception cref="ArgumentException">The final message has no text, or the template does not write it as it is.</exception>
    internal static string Render(ChatFormat format, IReadOnlyList<ChatMessage> messages)
    {
        ChatMessage last = messages[^1];
        if (last.Content is not { } content) throw new ArgumentException("the final message has no text to go on with.");
        string text = format.Render([.. messages.SkipLast(1), last with { Content = content + Mark }], addGenerationPrompt: false);
        int at = text.LastIndexOf(Mark.TrimEnd(), StringComparison.Ordinal);
        if (at < 0 || !text.Contains(content.Trim(), StringComparison.Ordinal))
            throw new ArgumentException("the chat template does not write the final message as it is, so that nothing can go on with it.");
        return text.AsSpan(at).StartsWith(Mark) ? text[..at] : text[..at].TrimEnd();
    }
}
