using System.Buffers;

namespace MaskLlm.Tokens;

/// <summary>Finds texts in a text: the leftmost, of several at one place the longest.</summary>
internal sealed class TextFinder
{
    private readonly SearchValues<string> _search;
    private readonly Dictionary<char, string[]> _byFirstChar;

    /// <summary>Prepares the search; empty texts are not looked for.</summary>
    public TextFinder(IEnumerable<string> texts)
    {
        string[] wanted = [.. texts.Where(text => text.Length > 0).Distinct(StringComparer.Ordinal)];
        _search = SearchValues.Create(wanted, StringComparison.Ordinal);
        _byFirstChar = wanted.GroupBy(text => text[0])
            .ToDictionary(group => group.Key, group => group.OrderByDescending(text => text.Length).ToArray());
    }

    /// <summary>The first of the texts from <paramref name="from"/> on; null where there is none.</summary>
    /// <param name="text">Where to look.</param>
    /// <param name="from">Where to begin.</param>
    /// <param name="start">Where it begins.</param>
    public string? Find(ReadOnlySpan<char> text, int from, out int start)
    {
        start = -1;
        if (_byFirstChar.Count == 0 || from >= text.Length)
            return null;
        int found = text[from..].IndexOfAny(_search);
        if (found < 0)
            return null;
        start = from + found;
        foreach (string candidate in _byFirstChar[text[start]])
        {
            if (text[start..].StartsWith(candidate, StringComparison.Ordinal))
                return candidate;
        }

        throw new InvalidOperationException("The search found a text that is not there.");
    }
}
