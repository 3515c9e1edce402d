namespace MaskLlm.Tasks;

/// <summary>A model that says how likely continuations are: libtorch's, or the CPU runtime's.</summary>
internal interface ILikelihoods
{
    /// <summary>Tokens that a text may have.</summary>
    int MaxPositions { get; }

    /// <summary>Scores the endings of texts.</summary>
    /// <param name="texts">Near ones are of similar length.</param>
    /// <param name="scored">Told of each text, in any order, its number and its endings' likelihoods.</param>
    /// <param name="passed">Told the share of the work that is done, 0 to 1; answers may all come at its end.</param>
    /// <param name="cancellation">Stops between batches.</param>
    /// <exception cref="InvalidDataException">A logit is NaN.</exception>
    void Score(IReadOnlyList<ScoredText> texts, Action<int, Likelihood[]> scored, Action<double>? passed, CancellationToken cancellation);
}
