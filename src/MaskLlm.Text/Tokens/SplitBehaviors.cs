namespace MaskLlm.Tokens;

/// <summary>Turns matches and gaps into pieces.</summary>
internal static class SplitBehaviors
{
    /// <summary>The pieces, in order, as offsets; <paramref name="stretches"/> cover the text without gaps.</summary>
    public static List<(int Start, int End)> Apply(this SplitBehavior behavior, List<Stretch> stretches) => behavior switch
    {
        SplitBehavior.Isolated => stretches.ConvertAll(stretch => (stretch.Start, stretch.End)),
        SplitBehavior.Removed => stretches.FindAll(stretch => !stretch.IsMatch).ConvertAll(stretch => (stretch.Start, stretch.End)),
        SplitBehavior.MergedWithPrevious => Joined(stretches, (before, stretch) => stretch.IsMatch && !before),
        SplitBehavior.Contiguous => Joined(stretches, (before, stretch) => stretch.IsMatch == before),
        _ => JoinedToNext(stretches),
    };

    /// <summary>A stretch extends the piece before it where <paramref name="joins"/> says so of (was the last one a match, this
    /// one).</summary>
    private static List<(int Start, int End)> Joined(List<Stretch> stretches, Func<bool, Stretch, bool> joins)
    {
        List<(int Start, int End)> pieces = [];
        bool before = false;
        foreach (Stretch stretch in stretches)
        {
            if (pieces.Count > 0 && joins(before, stretch))
                pieces[^1] = (pieces[^1].Start, stretch.End);
            else
                pieces.Add((stretch.Start, stretch.End));
            before = stretch.IsMatch;
        }

        return pieces;
    }

    private static List<(int Start, int End)> JoinedToNext(List<Stretch> stretches)
    {
        List<(int Start, int End)> pieces = [];
        bool after = false;
        for (int i = stretches.Count - 1; i >= 0; i--)
        {
            if (pieces.Count > 0 && stretches[i].IsMatch && !after)
                pieces[^1] = (stretches[i].Start, pieces[^1].End);
            else
                pieces.Add((stretches[i].Start, stretches[i].End));
            after = stretches[i].IsMatch;
        }

        pieces.Reverse();
        return pieces;
    }
}
