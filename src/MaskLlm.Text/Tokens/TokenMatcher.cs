using System.Buffers;
using System.Globalization;
using System.Text;

namespace MaskLlm.Tokens;

/// <summary>Finds added tokens in a text: the leftmost match, of several at one place the longest.</summary>
internal sealed class TokenMatcher
{
    private readonly TextFinder _finder;
    private readonly Dictionary<string, AddedToken> _tokens = new(StringComparer.Ordinal);

    /// <summary>Prepares the search.</summary>
    /// <param name="tokens">What to look for, and the token that it is; of two with one text the first counts.</param>
    public TokenMatcher(IReadOnlyCollection<(string Text, AddedToken Token)> tokens)
    {
        foreach ((string text, AddedToken token) in tokens)
            _tokens.TryAdd(text, token);
        _finder = new TextFinder(_tokens.Keys);
    }

    /// <summary>Cuts a piece into added tokens and the text between them.</summary>
    public void Split(in Piece piece, List<Segment> segments)
    {
        ReadOnlySpan<char> text = piece.Span;
        (int reached, int searched) = (0, 0);
        while (_finder.Find(text, searched, out int start) is { } content)
        {
            AddedToken token = _tokens[content];
            int end = start + content.Length;
            searched = end;
            if (token.SingleWord && (EndsInWord(text[..start]) || BeginsWithWord(text[end..])))
                continue;
            if (token.StripsLeft)
                start = Math.Max(reached, text[..start].TrimEnd().Length);
            if (token.StripsRight)
                end = text.Length - text[end..].TrimStart().Length;
            if (reached < start)
                segments.Add(new Segment(piece.Slice(reached, start), null));
            segments.Add(new Segment(piece.Slice(start, end), token.Id));
            reached = end;
        }

        if (reached < text.Length)
            segments.Add(new Segment(piece.Slice(reached, text.Length), null));
    }

    private static bool EndsInWord(ReadOnlySpan<char> text) =>
        Rune.DecodeLastFromUtf16(text, out Rune last, out _) == OperationStatus.Done && IsWord(last);

    private static bool BeginsWithWord(ReadOnlySpan<char> text) =>
        Rune.DecodeFromUtf16(text, out Rune first, out _) == OperationStatus.Done && IsWord(first);

    /// <summary><c>\w</c> of Unicode regular expressions: letters, marks, digits, joining punctuation.</summary>
    private static bool IsWord(Rune rune) => Rune.GetUnicodeCategory(rune) switch
    {
        <= UnicodeCategory.LetterNumber => true,
        UnicodeCategory.ConnectorPunctuation => true,
        // Circled letters are alphabetic; the joiners U+200C and U+200D are part of words.
        UnicodeCategory.OtherSymbol => rune.Value is (>= 0x24B6 and <= 0x24E9) or (>= 0x1F130 and <= 0x1F149)
            or (>= 0x1F150 and <= 0x1F169) or (>= 0x1F170 and <= 0x1F189),
        UnicodeCategory.Format => rune.Value is 0x200C or 0x200D,
        _ => false,
    };
}
