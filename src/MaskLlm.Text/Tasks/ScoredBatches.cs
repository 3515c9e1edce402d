namespace MaskLlm.Tasks;

/// <summary>Texts in the batches that a model runs together.</summary>
internal static class ScoredBatches
{
    /// <summary>Scores all texts.</summary>
    /// <param name="texts">Near ones are of similar length.</param>
    /// <param name="runsAlone">Each ending is run by itself.</param>
    /// <param name="widthOf">What some texts together take.</param>
    /// <param name="most">What a batch may take; a single text may take more.</param>
    /// <param name="run">Likelihoods of the endings of each text of a batch.</param>
    /// <param name="scored">Told of each text its number and its endings' likelihoods.</param>
    /// <param name="cancellation">Stops between batches.</param>
    internal static void Score(IReadOnlyList<ScoredText> texts, bool runsAlone, Func<IEnumerable<ScoredText>, int> widthOf, int most,
        Func<ScoredText[], Likelihood[][]> run, Action<int, Likelihood[]> scored, CancellationToken cancellation)
    {
        List<ScoredText> batch = [];
        for (int next = 0; next < texts.Count;)
        {
            cancellation.ThrowIfCancellationRequested();
            if (runsAlone)
            {
                ScoredText text = texts[next];
                scored(next++, [.. text.Endings.Select(one => run([text with { Endings = [one] }])[0][0])]);
                continue;
            }
            batch.Clear();
            int first = next;
            do batch.Add(texts[next++]);
            while (next < texts.Count && widthOf(batch.Append(texts[next])) <= most);
            Likelihood[][] found = run([.. batch]);
            for (int i = 0; i < found.Length; i++) scored(first + i, found[i]);
        }
    }
}
