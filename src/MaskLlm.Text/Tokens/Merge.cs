namespace MaskLlm.Tokens;

/// <summary>One merge of a byte-pair vocabulary.</summary>
/// <param name="Left">Id of the left token.</param>
/// <param name="Right">Id of the right token.</param>
/// <param name="Rank">Lower ranks merge first; equal ranks from left to right.</param>
/// <param name="Id">Id of the token that the two become.</param>
internal readonly record struct Merge(int Left, int Right, int Rank, int Id);
