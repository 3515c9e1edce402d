namespace MaskLlm.Tokens;

/// <summary>A match of a split pattern, or the text between two matches.</summary>
internal readonly record struct Stretch(int Start, int End, bool IsMatch);
