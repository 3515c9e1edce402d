using MaskLlm.Formats.Gguf;
using MaskLlm.Tokens;

namespace MaskLlm.Packing.Gguf;

/// <summary>The tokens of a GGUF file by id, with what else its kind of tokenizer needs.</summary>
/// <param name="file">The file that they come from.</param>
/// <param name="vocabularySize">V, the rows of the embedding; tokens beyond them are left out.</param>
/// <param name="describeKind">Adds the keys that one kind of tokenizer has.</param>
internal sealed class GgufTokens(string file, int vocabularySize, Action<GgufFields, GgufTokens> describeKind)
{
    // SentencePiece's scores are about 0 to -100000 by rank; tokens that are found whole do not use theirs.
    private const float UnusedScore = -1000;
    private const int MostNamed = 3;

    private readonly (string Text, float Score, PieceKind Kind)?[] _tokens = new (string, float, PieceKind)?[vocabularySize];
    private readonly SortedDictionary<int, string> _beyond = [];

    /// <summary>A score for every id; only SentencePiece looks at them.</summary>
    internal float[] Scores => [.. _tokens.Select(token => token!.Value.Score)];

    /// <summary>Sets the token of an id.</summary>
    /// <exception cref="InvalidDataException">The embedding has no row for a token that text is split into.</exception>
    internal void Set(int id, string text, PieceKind kind, float score = UnusedScore)
    {
        if (id < vocabularySize) _tokens[id] = (text, score, kind);
        else if (kind is not (PieceKind.Normal or PieceKind.Byte)) _beyond[id] = text;
        else throw new InvalidDataException(
            $"{file}: the tokenizer splits text into ids up to {id} and the model has {vocabularySize} embeddings; they belong to "
                + $"different checkpoints.");
    }

    /// <summary>Sets the tokens that are found in a text before it is split.</summary>
    internal void SetAdded(IEnumerable<AddedToken> added)
    {
        foreach (AddedToken token in added) Set(token.Id, token.Content, token.IsSpecial ? PieceKind.Control : PieceKind.UserDefined);
    }

    /// <summary>Fills ids without a token, up to the rows of the embedding.</summary>
    /// <param name="notes">Gets a sentence where tokens are left out.</param>
    internal void Fit(List<string> notes)
    {
        if (_beyond.Count > 0)
            notes.Add($"{file}: {string.Join(", ", _beyond.Take(MostNamed).Select(token => $"'{token.Value}' ({token.Key})"))}{(_beyond.Count > MostNamed ? ", ..." : "")} beyond the {vocabularySize} embeddings of the model: left out.");
        for (int id = 0; id < vocabularySize; id++)
            if (_tokens[id] is null) Set(id, $"[PAD{id}]", PieceKind.Unused);
        RequireUnique();
    }

    /// <summary>Adds the tokens and their kinds.</summary>
    internal void Describe(GgufFields fields)
    {
        describeKind(fields, this);
        fields.Add("tokenizer.ggml.tokens", _tokens.Select(token => token!.Value.Text).ToArray());
        fields.Add("tokenizer.ggml.token_type", _tokens.Select(token => (int)token!.Value.Kind).ToArray());
    }

    private void RequireUnique()
    {
        HashSet<string> texts = new(StringComparer.Ordinal);
        foreach ((string Text, float, PieceKind)? token in _tokens)
            if (!texts.Add(token!.Value.Text))
                throw new NotSupportedException(
                    $"{file}: two ids have the token '{token.Value.Text}', and llama.cpp loads no such tokenizer.");
    }
}
