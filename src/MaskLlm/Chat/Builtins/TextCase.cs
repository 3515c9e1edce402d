using System.Text;

namespace MaskLlm.Chat.Builtins;

/// <summary>Upper and lower case, a character to a character: <c>ß</c> has no upper case here, where Python has <c>SS</c>.</summary>
internal static class TextCase
{
    /// <summary>The first letter large and the rest small.</summary>
    public static string Capitalize(string text) => text.Length == 0 ? text : text[..1].ToUpperInvariant() + Lower(text[1..]);

    /// <summary>All small.</summary>
    public static string Lower(string text) => text.ToLowerInvariant();

    /// <summary>Large letters after what <paramref name="begins"/> says begins a word, small ones elsewhere.</summary>
    public static string Title(string text, Func<char, bool> begins)
    {
        var result = new StringBuilder(text.Length);
        var isStart = true;
        foreach (var unit in text)
        {
            result.Append(isStart ? char.ToUpperInvariant(unit) : char.ToLowerInvariant(unit));
            isStart = begins(unit);
        }

        return result.ToString();
    }

    /// <summary>Large ones small, small ones large.</summary>
    public static string Swap(string text) =>
        string.Concat(text.Select(unit => char.IsUpper(unit) ? char.ToLowerInvariant(unit) : char.ToUpperInvariant(unit)));

    /// <summary>Whether there are letters with a case, and all have this one.</summary>
    public static bool IsAll(string text, Func<char, bool> wanted, Func<char, bool> other) => text.Any(wanted) && !text.Any(other);
}
