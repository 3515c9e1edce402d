namespace MaskLlm.Tasks;

/// <summary>What a model gives a continuation.</summary>
/// <param name="LogLikelihood">Sum over its tokens of the logarithm of their probabilities, in nats.</param>
/// <param name="IsGreedy">Whether each of them was the most probable one.</param>
public readonly record struct Likelihood(double LogLikelihood, bool IsGreedy)
{
    /// <summary>Of continuations of which no token is counted yet.</summary>
    internal static Likelihood[] Starts(int count) => [.. Enumerable.Repeat(new Likelihood(0, true), count)];

    /// <summary>With another token.</summary>
    internal Likelihood With(double logProbability, bool isMostProbable) =>
        new(LogLikelihood + logProbability, IsGreedy && isMostProbable);
}
