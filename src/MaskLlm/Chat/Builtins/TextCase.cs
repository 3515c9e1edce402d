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
        string.Create(text.Length, text, (units, source) =>
        {
            for (var at = 0; at < units.Length; at++)
                units[at] = char.IsUpper(source[at]) ? char.ToLowerInvariant(source[at]) : char.ToUpperInvariant(source[at]);
        });

    /// <summary>Whether large letters begin words and only small ones follow, with at least one word.</summary>
    public static bool IsTitle(string text)
    {
        var (hasCase, follows) = (false, false);
        foreach (var unit in text)
        {
            var (isUpper, isLower) = (char.IsUpper(unit), char.IsLower(unit));
            if (follows ? isUpper : isLower)
                return false;
            follows = isUpper || isLower;
            hasCase |= follows;
        }

        return hasCase;
    }

    /// <summary>Whether there are letters with a case, and all have this one.</summary>
    public static bool IsAll(string text, Func<char, bool> wanted, Func<char, bool> other) => text.Any(wanted) && !text.Any(other);
}
