namespace MaskLlm.Tasks;

/// <summary>Texts as token ids that begin alike, of each of which the last tokens are scored.</summary>
/// <param name="Beginning">At least one token.</param>
/// <param name="Endings">At least one.</param>
internal sealed record ScoredText(int[] Beginning, IReadOnlyList<ScoredText.Ending> Endings)
{
    /// <summary>Tokens that a model runs: the last of an ending is only predicted.</summary>
    internal int Tokens => Beginning.Length + Endings.Sum(ending => ending.Ids.Length - 1);

    /// <summary>What texts have in common, and what each has beyond it.</summary>
    /// <param name="texts">Each of a token that all begin with and at least one more; of each the number of its last tokens that are
    /// scored, at least one and not the first.</param>
    internal static ScoredText Of(IReadOnlyList<(int[] Ids, int Scored)> texts)
    {
        int[] first = texts[0].Ids;
        int alike = texts.Min(text => Math.Min(text.Ids.Length - 1, first.AsSpan().CommonPrefixLength(text.Ids)));
        return new ScoredText(first[..alike], [.. texts.Select(text => new Ending(text.Ids[alike..], text.Scored))]);
    }

    /// <summary>The tokens of the beginning or of an ending that predict, of an ending's text.</summary>
    /// <param name="ending">Its number.</param>
    /// <returns>Where a token stands in the text, and the id that it is to predict.</returns>
    internal IEnumerable<(int At, int Next)> Predictions(int ending)
    {
        (int[] ids, int scored) = Endings[ending];
        int length = Beginning.Length + ids.Length;
        for (int next = length - scored; next < length; next++)
            yield return (next - 1, next < Beginning.Length ? Beginning[next] : ids[next - Beginning.Length]);
    }

    /// <summary>What a text has beyond the beginning.</summary>
    /// <param name="Ids">At least one token.</param>
    /// <param name="Scored">Last tokens of the text that are scored; they may reach into the beginning.</param>
    internal sealed record Ending(int[] Ids, int Scored);
}
