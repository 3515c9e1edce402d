using System.Text.Json.Nodes;

namespace MaskLlm.Serving.Http;

/// <summary><c>/v1/completions</c>.</summary>
internal sealed class CompletionShape : ITextShape
{
    public string IdPrefix => "cmpl-";

    public string Kind => "text_completion";

    public string PieceKind => Kind;

    // As OpenAI's.
    public int DefaultTokens => 16;

    public FieldTable Fields => RequestTables.Completions;

    public string PromptField => Http.PromptField.Name;

    public TextPrompt Prompt(RequestFields fields, ServedModel model) => new(Http.PromptField.Read(fields, model), IsTurn: false);

    public KeyValuePair<string, JsonNode?> Whole(string text) => new("text", text);

    public KeyValuePair<string, JsonNode?> Piece(string text, bool isFirst) => Whole(text);
}
