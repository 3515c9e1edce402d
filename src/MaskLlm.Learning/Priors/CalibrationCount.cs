using System.Globalization;
namespace MaskLlm.Priors;

/// <summary>How much of a calibration is there once: sequences that come again add nothing.</summary>
/// <param name="Sequences">In all.</param>
/// <param name="Different">Of them.</param>
/// <param name="Length">Tokens of each.</param>
internal sealed record CalibrationCount(int Sequences, int Different, int Length)
{
    /// <summary>Tokens of the different sequences.</summary>
    internal long Tokens => (long)Different * Length;

    internal static CalibrationCount Of(IReadOnlyList<int[]> sequences) =>
        new(sequences.Count, sequences.Distinct(EqualityComparer<int[]>.Create((a, b) => a.AsSpan().SequenceEqual(b), HashOf)).Count(),
            sequences[0].Length);

    /// <summary>What the user should know; null where there is as much as was asked for.</summary>
    /// <param name="asked">Sequences asked for.</param>
    /// <param name="remedy">What avoids it, such as "fewer `Samples`".</param>
    internal string? Warning(int asked, string remedy) => Different == asked ? null
        : string.Create(CultureInfo.InvariantCulture,
            $"the calibration has {Different} different sequences of {Length} tokens, not {asked}, and "
            + $"{(Sequences == Different ? "no more are looked at" : $"looks at them {(double)Sequences / Different:0.0} times")}; more "
            + $"text, or {remedy}, avoids the {(Sequences == Different ? "shortage" : "repetition")}.");

    private static int HashOf(int[] sequence)
    {
        HashCode hash = default;
        foreach (int id in sequence) hash.Add(id);
        return hash.ToHashCode();
    }
}
