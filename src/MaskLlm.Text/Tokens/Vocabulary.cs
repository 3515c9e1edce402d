namespace MaskLlm.Tokens;

/// <summary>The token texts of a model and how its symbols are formed; what a tokenizer file says, not yet indexed.</summary>
internal sealed record Vocabulary
{
    /// <summary>Id of every token text.</summary>
    public required IReadOnlyDictionary<string, int> Ids { get; init; }

    /// <summary>All merges.</summary>
    public required IReadOnlyCollection<Merge> Merges { get; init; }

    /// <summary>True where symbols are bytes, written as <see cref="ByteSymbols"/>; false where they are characters.</summary>
    public bool IsByteLevel { get; init; }

    /// <summary>True where words come with their bytes written as <see cref="ByteSymbols"/>; symbols are characters then.</summary>
    public bool HasSpelledBytes { get; init; }

    /// <summary>True where a character without a token becomes tokens such as <c>&lt;0x0A&gt;</c>.</summary>
    public bool HasByteFallback { get; init; }

    /// <summary>True where a word that is a token needs no merging.</summary>
    public bool IgnoresMerges { get; init; }

    /// <summary>Texts that are one token wherever they stand in a word, found before its symbols are merged.</summary>
    public IReadOnlyList<string> WholeTokens { get; init; } = [];

    /// <summary>Ids that symbols merge to on the way to longer ones, but that are no output: they fall apart again.</summary>
    public IReadOnlySet<int> UnusedIds { get; init; } = new HashSet<int>();

    /// <summary>Id of the token for the unknown; null where the unknown vanishes.</summary>
    public int? UnknownId { get; init; }

    /// <summary>True where neighbouring unknown symbols are one token.</summary>
    public bool FusesUnknown { get; init; }
}
