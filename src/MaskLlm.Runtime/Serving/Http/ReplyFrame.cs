using System.Text.Json.Nodes;

namespace MaskLlm.Serving.Http;

/// <summary>The answers to one request in OpenAI's shape.</summary>
/// <param name="shape">Completions or chat.</param>
/// <param name="model">The model's name.</param>
/// <param name="promptTokens">Tokens of the prompt.</param>
internal sealed class ReplyFrame(ITextShape shape, string model, int promptTokens)
{
    private readonly string _id = shape.IdPrefix + Guid.NewGuid().ToString("N");
    private readonly long _created = DateTimeOffset.UtcNow.ToUnixTimeSeconds();

    internal JsonObject Whole(string text, int tokens, FinishReason finish)
    {
        JsonObject reply = Frame(shape.Kind, [Choice(shape.Whole(text), finish)]);
        reply["usage"] = Usage(tokens);
        return reply;
    }

    internal JsonObject Piece(string text, bool isFirst, FinishReason? finish) =>
        Frame(shape.PieceKind, [Choice(shape.Piece(text, isFirst), finish)]);

    /// <summary>The piece after the last, which counts tokens.</summary>
    internal JsonObject UsagePiece(int tokens)
    {
        JsonObject reply = Frame(shape.PieceKind, []);
        reply["usage"] = Usage(tokens);
        return reply;
    }

    private JsonObject Frame(string kind, JsonArray choices) => new()
    {
        ["id"] = _id,
        ["object"] = kind,
        ["created"] = _created,
        ["model"] = model,
        ["choices"] = choices,
    };

    private static JsonObject Choice(KeyValuePair<string, JsonNode?> content, FinishReason? finish) => new()
    {
        ["index"] = 0,
        [content.Key] = content.Value,
        ["logprobs"] = null,
        ["finish_reason"] = finish switch { FinishReason.Stop => "stop", FinishReason.Length => "length", _ => null },
    };

    private JsonObject Usage(int tokens) => new()
    {
        ["prompt_tokens"] = promptTokens,
        ["completion_tokens"] = tokens,
        ["total_tokens"] = promptTokens + tokens,
    };
}
