namespace MaskLlm.Tokens;

/// <summary>Tells where no merge can ever join two neighbouring characters, so that a word may be cut there.</summary>
/// <remarks>
/// A merge joins the last character of its left token with the first of its right one. Where no merge of the vocabulary
/// joins the two characters that meet at a place, none crosses it: both sides are merged as if the other were not there.
/// So a document that is one word to the model (no pre-tokenizer) falls into short words with the same ids.
/// </remarks>
internal sealed class SeamTable
{
    private readonly HashSet<uint> _joined = [];

    // Most lookups end here: the same, where both characters are below U+0100.
    private readonly bool[] _joinedLatin = new bool[0x10000];

    /// <summary>Learns which characters the merges join; strings hold the texts of the tokens merged.</summary>
    public SeamTable(IEnumerable<(string Left, string Right)> merges)
    {
        foreach ((string left, string right) in merges)
        {
            _joined.Add(Key(left[^1], right[0]));
            if (left[^1] < 256 && right[0] < 256)
                _joinedLatin[(left[^1] << 8) | right[0]] = true;
        }
    }

    /// <summary>True where no merge crosses from the character before <paramref name="at"/> to the one there.</summary>
    public bool IsSeam(ReadOnlySpan<char> text, int at)
    {
        (char left, char right) = (text[at - 1], text[at]);
        if (left < 256 && right < 256)
            return !_joinedLatin[(left << 8) | right];
        return !char.IsSurrogatePair(left, right) && !_joined.Contains(Key(left, right));
    }

    private static uint Key(char left, char right) => ((uint)left << 16) | right;
}
