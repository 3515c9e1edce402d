namespace MaskLlm.Tokens;

/// <summary>What the reader of a tokenizer file makes of it.</summary>
internal sealed record TokenizerParts
{
    /// <summary>Token texts, merges and the rules for symbols.</summary>
    public required Vocabulary Vocabulary { get; init; }

    /// <summary>Tokens recognised inside the text.</summary>
    public IReadOnlyList<AddedToken> AddedTokens { get; init; } = [];

    /// <summary>Changes the text first; null for none.</summary>
    public Normalizer? Normalizer { get; init; }

    /// <summary>Cut the text into words, in turn.</summary>
    public IReadOnlyList<PreTokenizer> PreTokenizers { get; init; } = [];

    /// <summary>The special tokens around a text.</summary>
    public SpecialTemplate Template { get; init; } = SpecialTemplate.None;

    /// <summary>Makes text of tokens.</summary>
    public required TokenDecoder Decoder { get; init; }
}
