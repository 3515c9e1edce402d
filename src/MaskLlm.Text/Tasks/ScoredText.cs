namespace MaskLlm.Tasks;

/// <summary>A context and several continuations of it, as token ids.</summary>
/// <param name="Context">At least one.</param>
/// <param name="Continuations">At least one of at least one token.</param>
internal sealed record ScoredText(int[] Context, IReadOnlyList<int[]> Continuations)
{
    /// <summary>Tokens that a model runs: the last of a continuation is only predicted.</summary>
    internal int Tokens => Context.Length + Continuations.Sum(continuation => continuation.Length - 1);
}
