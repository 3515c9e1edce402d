namespace MaskLlm.Tokens;

/// <summary>What the reader of a tokenizer file makes of it.</summary>
internal sealed record TokenizerParts
{
    /// <summary>Token texts, merges and the rules for symbols.</summary>
    public required Vocabulary Vocabulary { get; init; }

    /// <summary>Tokens recognised inside the text.</summary>
    public IReadOnlyList<AddedToken> AddedTokens { get; init; } = [];

    /// <summary>Tokens that the file's own library does not look for in text, and a checkpoint's tokenizer does.</summary>
    public IReadOnlyList<AddedToken> ControlTokens { get; init; } = [];

    /// <summary>Texts of tokens with a meaning, by the names of <see cref="SpecialTokenNames"/>, where no other file says them.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Defaults { get; init; } = [];

    /// <summary>Changes the text first; null for none.</summary>
    public Normalizer? Normalizer { get; init; }

    /// <summary>Whether the words are cut by GPT-2's way alone, in which other files may say whether a space is put in front.</summary>
    public bool IsPlainByteLevel { get; init; }

    /// <summary>Cut the text into words, in turn.</summary>
    public IReadOnlyList<PreTokenizer> PreTokenizers { get; init; } = [];

    /// <summary>The special tokens around a text.</summary>
    public SpecialTemplate Template { get; init; } = SpecialTemplate.None;

    /// <summary>Makes text of tokens.</summary>
    public required TokenDecoder Decoder { get; init; }
}
