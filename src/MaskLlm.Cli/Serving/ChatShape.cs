using System.Text.Json.Nodes;
using MaskLlm.Chat;
using Microsoft.AspNetCore.Http;

namespace MaskLlm.Cli.Serving;

/// <summary><c>/v1/chat/completions</c>.</summary>
internal sealed class ChatShape : ITextShape
{
    public string IdPrefix => "chatcmpl-";

    public string Kind => "chat.completion";

    public bool IsTurn => true;

    public string PieceKind => "chat.completion.chunk";

    // As far as the limits go, as OpenAI's.
    public int DefaultTokens => int.MaxValue;

    // The template writes the special tokens itself.
    public IReadOnlyList<int> Prompt(RequestFields fields, ServedModel model)
    {
        IReadOnlyList<ChatMessage> messages = MessagesField.Read(fields);
        if (model.Chat is not { } chat) throw new ApiException(StatusCodes.Status400BadRequest, "the model has no chat template; use /v1/completions.", "messages");
        return model.Tokenizer.Encode(chat.Render(messages, addGenerationPrompt: true));
    }

    public KeyValuePair<string, JsonNode?> Whole(string text) => new("message", new JsonObject { ["role"] = "assistant", ["content"] = text, ["refusal"] = null });

    public KeyValuePair<string, JsonNode?> Piece(string text, bool isFirst)
    {
        JsonObject delta = [];
        if (isFirst) delta["role"] = "assistant";
        if (isFirst || text.Length > 0) delta["content"] = text;
        return new("delta", delta);
    }
}
