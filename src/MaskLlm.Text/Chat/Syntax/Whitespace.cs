namespace MaskLlm.Chat.Syntax;

/// <summary>White space as Python counts it: .NET's, and the four information separators.</summary>
internal static class Whitespace
{
    /// <summary>Whether Python's <c>str.isspace</c> holds of the character.</summary>
    public static bool Is(char unit) => char.IsWhiteSpace(unit) || unit is >= '\x1c' and <= '\x1f';

    /// <summary>The text without white space at its start.</summary>
    public static string TrimStart(string text) => text[Leading(text)..];

    /// <summary>The text without white space at its end.</summary>
    public static string TrimEnd(string text) => text[..(text.Length - Trailing(text))];

    /// <summary>The text without white space around it.</summary>
    public static string Trim(string text) => TrimStart(TrimEnd(text));

    /// <summary>Whether the text from an offset on is nothing but white space.</summary>
    public static bool IsAllFrom(ReadOnlySpan<char> text, int start) => Leading(text[start..]) == text.Length - start;

    /// <summary>How many units of white space there are at the start.</summary>
    public static int Leading(ReadOnlySpan<char> text)
    {
        int count = 0;
        while (count < text.Length && Is(text[count]))
            count++;
        return count;
    }

    /// <summary>How many units of white space there are at the end.</summary>
    public static int Trailing(ReadOnlySpan<char> text)
    {
        int count = 0;
        while (count < text.Length && Is(text[text.Length - 1 - count]))
            count++;
        return count;
    }
}
