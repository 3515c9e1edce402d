namespace MaskLlm.Tokens;

/// <summary>An added token found in a text, or the text between two of them.</summary>
/// <param name="Piece">The characters.</param>
/// <param name="TokenId">Id of the added token; null for text.</param>
internal readonly record struct Segment(Piece Piece, int? TokenId);
