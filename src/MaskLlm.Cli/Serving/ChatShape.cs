using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace MaskLlm.Cli.Serving;

/// <summary><c>/v1/chat/completions</c>.</summary>
internal sealed class ChatShape : ITextShape
{
    public string IdPrefix => "chatcmpl-";

    public string Kind => "chat.completion";

    public string PieceKind => "chat.completion.chunk";

    // As far as the limits go, as OpenAI's.
    public int DefaultTokens => int.MaxValue;

    public IReadOnlyList<int> Prompt(RequestFields fields, ServedModel model) =>
        throw new ApiException(StatusCodes.Status400BadRequest, "the model has no chat template; use /v1/completions.", "messages");

    public KeyValuePair<string, JsonNode?> Whole(string text) => new("message", new JsonObject { ["role"] = "assistant", ["content"] = text, ["refusal"] = null });

    public KeyValuePair<string, JsonNode?> Piece(string text, bool isFirst)
    {
        JsonObject delta = [];
        if (isFirst) delta["role"] = "assistant";
        if (isFirst || text.Length > 0) delta["content"] = text;
        return new("delta", delta);
    }
}
