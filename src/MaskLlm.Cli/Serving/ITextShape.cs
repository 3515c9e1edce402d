using System.Text.Json.Nodes;

namespace MaskLlm.Cli.Serving;

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

    /// <summary>Whether the answer is a turn of its own.</summary>
    bool IsTurn { get; }

    /// <summary>The prompt's tokens.</summary>
    IReadOnlyList<int> Prompt(RequestFields fields, ServedModel model);

    /// <summary>What holds the whole text in its choice.</summary>
    KeyValuePair<string, JsonNode?> Whole(string text);

    /// <summary>What holds a piece of the text in its choice.</summary>
    KeyValuePair<string, JsonNode?> Piece(string text, bool isFirst);
}
