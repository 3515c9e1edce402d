namespace MaskLlm.Tasks;

/// <summary>Texts in the batches that a model runs together.</summary>
internal sealed class ScoredBatches
{
    private readonly List<(int First, int? Ending, ScoredText[] Texts)> _batches = [];
    private readonly IReadOnlyList<ScoredText> _texts;
    private readonly Action<int, Likelihood[]> _scored;
    private readonly List<Likelihood> _alone = [];

    /// <param name="texts">Near ones are of similar length.</param>
    /// <param name="runsAlone">Each ending is run by itself.</param>
    /// <param name="widthOf">What some texts together take.</param>
    /// <param name="most">What a batch may take; a single text may take more.</param>
    /// <param name="scored">Told of each text its number and its endings' likelihoods.</param>
    internal ScoredBatches(IReadOnlyList<ScoredText> texts, bool runsAlone, Func<IEnumerable<ScoredText>, int> widthOf, int most,
        Action<int, Likelihood[]> scored)
    {
        (_texts, _scored) = (texts, scored);
        for (int next = 0; next < texts.Count;)
        {
            ScoredText text = texts[next];
            int first = next++;
            if (runsAlone)
            {
                for (int ending = 0; ending < text.Endings.Count; ending++)
                    _batches.Add((first, ending, [text with { Endings = [text.Endings[ending]] }]));
                continue;
            }
            List<ScoredText> batch = [text];
            while (next < texts.Count && widthOf(batch.Append(texts[next])) <= most) batch.Add(texts[next++]);
            _batches.Add((first, null, [.. batch]));
        }
    }

    internal int Count => _batches.Count;

    /// <summary>What runs together.</summary>
    internal ScoredText[] this[int batch] => _batches[batch].Texts;

    /// <summary>Takes the likelihoods of the endings of each text of a batch; batches come in order.</summary>
    internal void Answer(int batch, Likelihood[][] found)
    {
        (int first, int? ending, _) = _batches[batch];
        if (ending is null)
        {
            for (int i = 0; i < found.Length; i++) _scored(first + i, found[i]);
            return;
        }
        _alone.Add(found[0][0]);
        if (_alone.Count < _texts[first].Endings.Count) return;
        _scored(first, [.. _alone]);
        _alone.Clear();
    }
}
