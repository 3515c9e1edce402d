namespace MaskLlm.LlamaCpp;

/// <summary>How far two tokenizations of one text differ.</summary>
/// <param name="Found">Tokens of the second.</param>
/// <param name="Differing">Tokens of the first that are not at their place in the second, between the common start and the common
/// end.</param>
internal sealed record TokenDifference(int Found, int Differing)
{
    internal static TokenDifference Of(ReadOnlySpan<int> ours, ReadOnlySpan<int> theirs)
    {
        int start = ours.CommonPrefixLength(theirs);
        ReadOnlySpan<int> a = ours[start..], b = theirs[start..];
        int end = 0;
        while (end < Math.Min(a.Length, b.Length) && a[^(end + 1)] == b[^(end + 1)]) end++;
        return new TokenDifference(theirs.Length, Math.Max(a.Length, b.Length) - end);
    }
}
