namespace MaskLlm.Data;

/// <summary>A source of an open corpus.</summary>
/// <param name="Path">The source, as the user named it.</param>
/// <param name="Documents">Documents in it, the held-out ones included.</param>
/// <param name="Tokens">Tokens to train on, separators included.</param>
/// <param name="HeldOutTokens">Tokens held out.</param>
/// <param name="Weight">Its share in the blend; the shares of all sources sum to 1.</param>
/// <param name="ContentHash">SHA-256 of the file in hexadecimal digits; of several files: of the list of their hashes, in the order they
/// are read.</param>
public sealed record CorpusSource(string Path, long Documents, long Tokens, long HeldOutTokens, double Weight, string ContentHash)
{
    /// <summary>SHA-256 of each file behind the source, by its path.</summary>
    internal IReadOnlyList<KeyValuePair<string, string>> FileHashes { get; init; } = [];
}
