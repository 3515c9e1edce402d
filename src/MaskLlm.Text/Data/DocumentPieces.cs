namespace MaskLlm.Data;

/// <summary>A document, or one of the pieces that a very long document is encoded in.</summary>
/// <param name="Path">The file it is from, for messages.</param>
/// <param name="Text">The text, as in the file.</param>
/// <param name="StartsDocument">False for the second and later pieces.</param>
internal readonly record struct TextPiece(string Path, string Text, bool StartsDocument);

/// <summary>Where documents that are too long to be encoded at once are cut.</summary>
internal static class DocumentPieces
{
    /// <summary>Longest text handed to the tokenizer at once, in characters.</summary>
    public const int LimitChars = 4 << 20;

    /// <summary>Chooses where to end a piece: after a blank line in its second half, after a line, before a space, or at the
    /// limit.</summary>
    /// <param name="window">As much text as one piece may take; more follows.</param>
    /// <returns>Length of the piece, above 0.</returns>
    public static int Cut(ReadOnlySpan<char> window)
    {
        int blankLine = window.LastIndexOf("\n\n");
        if (blankLine >= window.Length / 2)
            return blankLine + 2;
        int line = window.LastIndexOf('\n');
        if (line >= 0)
            return line + 1;
        int space = window.LastIndexOf(' '); // byte-level tokenizers join a space to the word after it
        if (space > 0)
            return space;
        bool insidePair = window.Length > 1 && char.IsHighSurrogate(window[^1]);
        return insidePair ? window.Length - 1 : window.Length;
    }

    /// <summary>Cuts a document that is at hand as a whole.</summary>
    public static IEnumerable<TextPiece> Split(string path, string text, int limitChars)
    {
        int start = 0;
        while (text.Length - start > limitChars)
        {
            int length = Cut(text.AsSpan(start, limitChars));
            yield return new TextPiece(path, text.Substring(start, length), start == 0);
            start += length;
        }

        if (start < text.Length)
            yield return new TextPiece(path, text[start..], start == 0);
    }
}
