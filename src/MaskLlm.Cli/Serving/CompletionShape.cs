using System.Text.Json.Nodes;

namespace MaskLlm.Cli.Serving;

/// <summary><c>/v1/completions</c>.</summary>
internal sealed class CompletionShape : ITextShape
{
    public string IdPrefix => "cmpl-";

    public string Kind => "text_completion";

    public bool IsTurn => false;

    public string PieceKind => Kind;

    // As OpenAI's.
    public int DefaultTokens => 16;

    public IReadOnlyList<int> Prompt(RequestFields fields, ServedModel model) => PromptField.Read(fields, model.Tokenizer);

    public KeyValuePair<string, JsonNode?> Whole(string text) => new("text", text);

    public KeyValuePair<string, JsonNode?> Piece(string text, bool isFirst) => Whole(text);
}
