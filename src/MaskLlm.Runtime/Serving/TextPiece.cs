namespace MaskLlm.Serving;

/// <summary>What one new token brings.</summary>
/// <param name="Id">The token.</param>
/// <param name="Text">The text that is certain now: often none, as letters of several tokens and what could begin a stop text wait.</param>
/// <param name="Finish">Of the last token: why it is the last.</param>
internal readonly record struct TextPiece(int Id, string Text, FinishReason? Finish);
