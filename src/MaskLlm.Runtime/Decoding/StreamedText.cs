using System.Runtime.InteropServices;
using MaskLlm.Tokens;

namespace MaskLlm.Decoding;

/// <summary>Turns tokens into text as they come: letters whose bytes are not all there yet wait.</summary>
/// <param name="tokenizer">Of the model.</param>
/// <param name="skipSpecialTokens">Whether special tokens leave no text.</param>
public sealed class StreamedText(Tokenizer tokenizer, bool skipSpecialTokens)
{
    // Some decoders look at the token before; two suffice for all that are known, and letters have at most four bytes.
    private const int Kept = 8;

    private readonly List<int> _ids = [];
    private string _known = "";

    /// <summary>Tells of the tokens before, whose text is not given: some decoders drop the space of a first word.</summary>
    public void Follow(IReadOnlyList<int> before)
    {
        for (int i = Math.Max(0, before.Count - Kept); i < before.Count; i++) _ids.Add(before[i]);
        _known = Text().TrimEnd('\uFFFD');
    }

    /// <summary>The text that a token adds, often none.</summary>
    public string Add(int id)
    {
        _ids.Add(id);
        string text = Text();
        if (text.EndsWith('\uFFFD') || text.Length <= _known.Length) return "";
        string added = text[_known.Length..];
        _known = text;
        Forget();
        return added;
    }

    /// <summary>What waits, at the end of the text.</summary>
    public string Flush()
    {
        string text = Text();
        string added = text.Length > _known.Length ? text[_known.Length..] : "";
        _known = text;
        return added;
    }

    /// <summary>The text of a token that leaves none, as it is a special one; empty for others.</summary>
    internal string HiddenText(int id) => skipSpecialTokens ? tokenizer.SpecialText(id) ?? "" : "";

    // A long text is not decoded again for every token.
    private void Forget()
    {
        if (_ids.Count < 4 * Kept) return;
        _ids.RemoveRange(0, _ids.Count - Kept);
        _known = Text();
    }

    private string Text() => tokenizer.Decode(CollectionsMarshal.AsSpan(_ids), skipSpecialTokens);
}
