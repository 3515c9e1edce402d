using MaskLlm.Formats.Gguf;
using MaskLlm.Tokens;

namespace MaskLlm.Models.Gguf;

/// <summary>The tokens of a GGUF file by id, with what else its kind of tokenizer needs.</summary>
/// <param name="file">The file that they come from.</param>
/// <param name="template">The special tokens that the tokenizer puts around a text.</param>
/// <param name="describeKind">Adds the keys that one kind of tokenizer has.</param>
internal sealed class GgufTokens(string file, SpecialTemplate template, Action<GgufFields, GgufTokens> describeKind)
{
    // SentencePiece's scores are about 0 to -100000 by rank; tokens that are found whole do not use theirs.
    private const float UnusedScore = -1000;

    private readonly List<(string Text, float Score, PieceKind Kind)?> _tokens = [];

    /// <summary>The special tokens that the tokenizer puts around a text.</summary>
    internal SpecialTemplate Template => template;

    /// <summary>A score for every id; only SentencePiece looks at them.</summary>
    internal float[] Scores => [.. _tokens.Select(token => token!.Value.Score)];

    /// <summary>Sets the token of an id.</summary>
    internal void Set(int id, string text, PieceKind kind, float score = UnusedScore)
    {
        while (_tokens.Count <= id) _tokens.Add(null);
        _tokens[id] = (text, score, kind);
    }

    /// <summary>Sets the tokens that are found in a text before it is split.</summary>
    internal void SetAdded(IEnumerable<AddedToken> added)
    {
        foreach (AddedToken token in added) Set(token.Id, token.Content, token.IsSpecial ? PieceKind.Control : PieceKind.UserDefined);
    }

    /// <summary>The id of a token's text, or null.</summary>
    internal int? IdOf(string text)
    {
        int id = _tokens.FindIndex(token => token?.Text == text);
        return id >= 0 ? id : null;
    }

    /// <summary>Whether there is a token of this id.</summary>
    internal bool Has(int id) => (uint)id < (uint)_tokens.Count;

    /// <summary>Fills ids without a token, up to the rows of the embedding.</summary>
    internal void Fit(int vocabularySize)
    {
        if (_tokens.Count > vocabularySize)
            throw new InvalidDataException(
                $"{file}: the tokenizer has ids up to {_tokens.Count - 1} and the model {vocabularySize} embeddings, and llama.cpp needs one for each; they belong to different checkpoints.");
        for (int id = 0; id < vocabularySize; id++)
            if (id >= _tokens.Count || _tokens[id] is null) Set(id, $"[PAD{id}]", PieceKind.Unused);
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
                throw new NotSupportedException($"{file}: two ids have the token '{token.Value.Text}', and llama.cpp loads no such tokenizer.");
    }
}
