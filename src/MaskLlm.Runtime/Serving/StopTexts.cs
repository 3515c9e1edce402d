namespace MaskLlm.Serving;

/// <summary>Looks for the texts that end a text, also across pieces: what could begin one waits. Special tokens are looked at and not
/// given.</summary>
/// <param name="texts">Those that end it; none empty.</param>
internal sealed class StopTexts(IReadOnlyList<string> texts)
{
    private readonly int _longest = texts.Count == 0 ? 0 : texts.Max(text => text.Length);
    private string _held = "";
    // Of each character that waits, whether it is of a special token.
    private bool[] _hidden = [];

    /// <summary>Whether one was found: the text ends before it.</summary>
    internal bool IsFound { get; private set; }

    /// <summary>Takes more text.</summary>
    /// <param name="added">What comes next.</param>
    /// <param name="hidden">What comes after it and is no part of the text: a special token.</param>
    /// <returns>The text that is certain now.</returns>
    internal string Add(string added, string hidden = "")
    {
        if (texts.Count == 0) return added;
        if (IsFound) return "";
        string text = _held + added + hidden;
        bool[] isHidden = [.. _hidden, .. Enumerable.Repeat(false, added.Length), .. Enumerable.Repeat(true, hidden.Length)];
        int found = First(text), certain = found >= 0 ? found : Certain(text);
        (IsFound, _held, _hidden) = (found >= 0, found >= 0 ? "" : text[certain..], found >= 0 ? [] : isHidden[certain..]);
        return Visible(text[..certain], isHidden);
    }

    /// <summary>The text ends: what waits was no stop text.</summary>
    internal string Flush()
    {
        string held = Visible(_held, _hidden);
        (_held, _hidden) = ("", []);
        return held;
    }

    private static string Visible(string text, bool[] isHidden) => isHidden.AsSpan(0, text.Length).Contains(true)
        ? string.Concat(text.Where((_, at) => !isHidden[at])) : text;

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
        for (int at = Math.Max(0, text.Length - _longest + 1); at < text.Length; at++)
            foreach (string stop in texts)
                if (stop.AsSpan().StartsWith(text.AsSpan(at))) return at;
        return text.Length;
    }
}
