using System.Text.Json.Nodes;

namespace MaskLlm.Serving.Http;

/// <summary>What differs between completions and chat.</summary>
internal interface ITextShape
{
    /// <summary>Before the identifiers of its answers.</summary>
    string IdPrefix { get; }

    /// <summary>The kind of a whole answer.</summary>
    string Kind { get; }

    /// <summary>The kind of a piece of a stream.</summary>
    string PieceKind { get; }

    /// <summary>New tokens where the request says nothing.</summary>
    int DefaultTokens { get; }

    /// <summary>The fields of its requests.</summary>
    FieldTable Fields { get; }

    /// <summary>The field that has the prompt.</summary>
    string PromptField { get; }

    /// <summary>Reads the prompt.</summary>
    TextPrompt Prompt(RequestFields fields, ServedModel model);

    /// <summary>What holds the whole text in its choice.</summary>
    KeyValuePair<string, JsonNode?> Whole(string text);

    /// <summary>What holds a piece of the text in its choice.</summary>
    KeyValuePair<string, JsonNode?> Piece(string text, bool isFirst);
}
