using MaskLlm.Chat;

namespace MaskLlm.Serving.Http;

/// <summary>A conversation and how it ends, to be put into a template.</summary>
/// <param name="messages">The conversation.</param>
/// <param name="isOpen">Whether the answer goes on with the final message.</param>
/// <param name="addsPrompt">Whether the template begins the assistant's turn.</param>
internal sealed class ChatPrompt(IReadOnlyList<MessagesField.Message> messages, bool isOpen, bool addsPrompt)
{
    /// <summary>The text of the template.</summary>
    /// <exception cref="ApiException">The template does not read calls that the conversation has.</exception>
    /// <exception cref="ArgumentException">The template refuses the conversation or fails with it.</exception>
    internal string Render(ChatFormat chat)
    {
        if (!messages.Any(message => message.HasCalls)) return Text(chat, message => message.ForTemplate(parsesArguments: true));
        string text = WithCalls(chat);
        // A template that knows no calls leaves them out: the model would answer another conversation.
        if (text == WithoutCalls(chat))
            throw ApiException.Wrong(MessagesField.Name,
                "the model's chat template does not read tool calls; give what was said as content.");
        return text;
    }

    // Most templates print arguments as JSON; some append them to a text and fail with an object.
    private string WithCalls(ChatFormat chat)
    {
        try
        {
            return Text(chat, message => message.ForTemplate(parsesArguments: true));
        }
        catch (ArgumentException)
        {
            return Text(chat, message => message.ForTemplate(parsesArguments: false));
        }
    }

    private string? WithoutCalls(ChatFormat chat)
    {
        try
        {
            return Text(chat, message => message.ForTemplate(parsesArguments: true) with { Members = [] });
        }
        catch (ArgumentException)
        {
            // It cannot do without them.
            return null;
        }
    }

    private string Text(ChatFormat chat, Func<MessagesField.Message, ChatMessage> forTemplate)
    {
        ChatMessage[] turns = [.. messages.Select(forTemplate)];
        return isOpen ? OpenMessage.Render(chat, turns) : chat.Render(turns, addsPrompt);
    }
}
