using System.Buffers;

namespace MaskLlm.Tokens;

/// <summary>Finds texts in a text: the leftmost, of several at one place the longest.</summary>
internal sealed class TextFinder
{
    private readonly SearchValues<string> _search;
    private readonly Dictionary<(int Node, char Unit), int> _next = [];
    private readonly Dictionary<int, string> _ends = [];

    /// <summary>Prepares the search; empty texts are not looked for.</summary>
    public TextFinder(IEnumerable<string> texts)
    {
        string[] wanted = [.. texts.Where(text => text.Length > 0).Distinct(StringComparer.Ordinal)];
        _search = SearchValues.Create(wanted, StringComparison.Ordinal);
        foreach (string text in wanted)
            Grow(text);
    }

    /// <summary>The first of the texts from <paramref name="from"/> on; null where there is none.</summary>
    /// <param name="text">Where to look.</param>
    /// <param name="from">Where to begin.</param>
    /// <param name="start">Where it begins.</param>
    public string? Find(ReadOnlySpan<char> text, int from, out int start)
    {
        start = -1;
        if (_ends.Count == 0 || from >= text.Length)
            return null;
        int found = text[from..].IndexOfAny(_search);
        if (found < 0)
            return null;
        start = from + found;
        return LongestAt(text[start..]) ?? throw new InvalidOperationException("The search found a text that is not there.");
    }

    // A tree of the texts by their units: a find costs what it is long, however many texts begin like it.
    private void Grow(string text)
    {
        int node = 0;
        foreach (char unit in text)
        {
            if (!_next.TryGetValue((node, unit), out int next))
                _next[(node, unit)] = next = _next.Count + 1;
            node = next;
        }

        _ends[node] = text;
    }

    private string? LongestAt(ReadOnlySpan<char> text)
    {
        int node = 0;
        string? longest = null;
        foreach (char unit in text)
        {
            if (!_next.TryGetValue((node, unit), out node))
                break;
            longest = _ends.GetValueOrDefault(node, longest!);
        }

        return longest;
    }
}
