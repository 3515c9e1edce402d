using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace MaskLlm.Serving.Http;

/// <summary><c>/v1/chat/completions</c>.</summary>
internal sealed class ChatShape : ITextShape
{
    public string IdPrefix => "chatcmpl-";

    public string Kind => "chat.completion";

    public string PieceKind => "chat.completion.chunk";

    // As far as the limits go, as OpenAI's.
    public int DefaultTokens => int.MaxValue;

    public FieldTable Fields => RequestTables.Chat;

    public string PromptField => MessagesField.Name;

    // The template writes the special tokens itself.
    public TextPrompt Prompt(RequestFields fields, ServedModel model)
    {
        bool isOpen = fields.Flag("continue_final_message") ?? false, addsPrompt = fields.Flag("add_generation_prompt") ?? !isOpen;
        if (isOpen && addsPrompt)
            throw ApiException.Wrong("continue_final_message",
                "the final message cannot go on where add_generation_prompt begins another.");
        ChatPrompt prompt = new(MessagesField.Read(fields), isOpen, addsPrompt);
        if (model.Chat is not { } chat)
            throw new ApiException(StatusCodes.Status400BadRequest, "the model has no chat template; use /v1/completions.",
                MessagesField.Name);
        return new TextPrompt(model.Encode(prompt.Render(chat), addSpecialTokens: false, MessagesField.Name), IsTurn: !isOpen);
    }

    public KeyValuePair<string, JsonNode?> Whole(string text) =>
        new("message", new JsonObject { ["role"] = "assistant", ["content"] = text, ["refusal"] = null });

    public KeyValuePair<string, JsonNode?> Piece(string text, bool isFirst)
    {
        JsonObject delta = [];
        if (isFirst) delta["role"] = "assistant";
        if (isFirst || text.Length > 0) delta["content"] = text;
        return new("delta", delta);
    }
}
