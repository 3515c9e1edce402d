namespace MaskLlm.Tokens;

/// <summary>The added tokens of a tokenizer, and the normalizer that works between them.</summary>
internal sealed class AddedVocabulary
{
    private readonly Normalizer? _normalizer;
    private readonly TokenMatcher _raw;
    private readonly TokenMatcher _normalized;

    /// <summary>Prepares the search for the tokens.</summary>
    public AddedVocabulary(IReadOnlyList<AddedToken> tokens, Normalizer? normalizer)
    {
        _normalizer = normalizer;
        Tokens = tokens;
        // Special tokens win over others with the same text.
        List<AddedToken> ordered = [.. tokens.OrderByDescending(token => token.IsSpecial)];
        _raw = new TokenMatcher([.. ordered.Where(token => !token.IsNormalized).Select(token => (token.Content, token))]);
        _normalized = new TokenMatcher([.. ordered.Where(token => token.IsNormalized).Select(token => (Normalize(token.Content), token))]);
    }

    /// <summary>All added tokens.</summary>
    public IReadOnlyList<AddedToken> Tokens { get; }

    /// <summary>
    /// Cuts a text into added tokens and normalized text: first by the tokens that are looked for in the raw text,
    /// then, each stretch between them normalized, by the others.
    /// </summary>
    public List<Segment> Split(string text)
    {
        List<Segment> raw = [];
        _raw.Split(new Piece(text, 0, text.Length, IsFirst: true), raw);
        List<Segment> segments = [];
        foreach (Segment segment in raw)
        {
            if (segment.TokenId is not null)
                segments.Add(segment);
            else
                _normalized.Split(Normalize(segment.Piece), segments);
        }

        return segments;
    }

    private string Normalize(string text) => _normalizer?.Normalize(text) ?? text;

    private Piece Normalize(in Piece piece)
    {
        if (_normalizer is null)
            return piece;
        string whole = piece.Length == piece.Text.Length ? piece.Text : piece.Span.ToString();
        string text = _normalizer.Normalize(whole);
        return new Piece(text, 0, text.Length, piece.IsFirst);
    }
}
