namespace MaskLlm.Tokens.Expressions;

/// <summary>What is said of patterns that are not read.</summary>
internal static class ExpressionError
{
    private const int LongestShown = 300;

    /// <summary>The error for a construct of a pattern.</summary>
    public static NotSupportedException Refused(string pattern, int at, string what) =>
        new($"the pattern {Shown(pattern)} has {what} at {at}, which is not supported");

    /// <summary>The same for what is of the whole pattern.</summary>
    public static NotSupportedException Refused(string pattern, string what) =>
        new($"the pattern {Shown(pattern)} has {what}, which is not supported");

    /// <summary>A pattern for messages: not a page of it.</summary>
    public static string Shown(string pattern) => pattern.Length <= LongestShown ? pattern : pattern[..LongestShown] + "...";
}
