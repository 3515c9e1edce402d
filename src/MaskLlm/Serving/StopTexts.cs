namespace MaskLlm.Serving;

/// <summary>Looks for the texts that end a text, also across pieces: what could begin one waits.</summary>
/// <param name="texts">Those that end it; none empty.</param>
internal sealed class StopTexts(IReadOnlyList<string> texts)
{
    private string _held = "";

    /// <summary>Whether one was found: the text ends before it.</summary>
    internal bool IsFound { get; private set; }

    /// <summary>Takes more text.</summary>
    /// <param name="added">What comes next.</param>
    /// <returns>The text that is certain now.</returns>
    internal string Add(string added)
    {
        if (texts.Count == 0) return added;
        if (IsFound) return "";
        string text = _held + added;
        int found = First(text), certain = found >= 0 ? found : Certain(text);
        (IsFound, _held) = (found >= 0, found >= 0 ? "" : text[certain..]);
        return text[..certain];
    }

    /// <summary>The text ends: what waits was no stop text.</summary>
    internal string Flush()
    {
        string held = _held;
        _held = "";
        return held;
    }

    private int First(string text)
    {
        int first = -1;
        foreach (string stop in texts)
        {
            int at = text.IndexOf(stop, StringComparison.Ordinal);
            if (at >= 0 && (first < 0 || at < first)) first = at;
        }
        return first;
    }

    // How much of the text cannot be in a stop text that is still to come.
    private int Certain(string text)
    {
        int longest = texts.Max(stop => stop.Length) - 1;
        for (int at = Math.Max(0, text.Length - longest); at < text.Length; at++)
            foreach (string stop in texts)
                if (stop.AsSpan().StartsWith(text.AsSpan(at))) return at;
        return text.Length;
    }
}
