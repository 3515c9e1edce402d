using System.Globalization;
using MaskLlm.Numerals;

namespace MaskLlm.Patterns;

/// <summary>An N:M pattern: N weights are kept of every M neighbours along the input dimension of a row.</summary>
public sealed record NmPattern
{
    /// <summary>The largest group size there is a pattern for.</summary>
    internal const int LargestGroup = 32;

    /// <summary>The largest group size whose candidates are enumerated: 8 has at most 70 of them, 16 up to 12,870.</summary>
    internal const int LargestEnumerated = 8;

    /// <summary>Makes the pattern that keeps <paramref name="Kept"/> of every <paramref name="GroupSize"/> weights.</summary>
    /// <param name="Kept">N, the weights kept in a group: at least 1 and fewer than <paramref name="GroupSize"/>.</param>
    /// <param name="GroupSize">M, the weights in a group: 2 to 32.</param>
    /// <exception cref="ArgumentException">The numbers are not 1 &lt;= N &lt; M &lt;= 32.</exception>
    public NmPattern(int Kept, int GroupSize)
    {
        if (Kept < 1 || Kept >= GroupSize || GroupSize > LargestGroup)
            throw new ArgumentException(Refusal(string.Create(CultureInfo.InvariantCulture, $"{Kept}:{GroupSize}")));
        this.Kept = Kept;
        this.GroupSize = GroupSize;
    }

    /// <summary>Two of four: what sparse tensor cores compute.</summary>
    public static NmPattern TwoOfFour { get; } = new(2, 4);

    /// <summary>N: the weights kept in each group.</summary>
    public int Kept { get; }

    /// <summary>M: the weights in a group.</summary>
    public int GroupSize { get; }

    /// <summary>C: the number of candidates, binom(M, N).</summary>
    public int CandidateCount => Candidates.Length / GroupSize;

    /// <summary>
    /// The allowed rows, shape (C, M) row-major, 1 = kept, in the order of Python's <c>itertools.combinations</c>
    /// over the kept positions: for 2:4 it is 1100 1010 1001 0110 0101 0011.
    /// </summary>
    /// <exception cref="NotSupportedException">M is above 8: too many to enumerate.</exception>
    /// <remarks>MaskLLM eq. 2. Saved logits depend on this order.</remarks>
    public ReadOnlySpan<byte> Candidates => CandidateTable.Of(Kept, GroupSize);

    /// <summary>Reads a pattern as people write it, such as <c>2:4</c>.</summary>
    /// <param name="text">N:M in decimal digits.</param>
    /// <exception cref="ArgumentException">The text is no such pattern.</exception>
    public static NmPattern Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        string[] parts = text.Split(':');
        if (parts.Length != 2 || !NumberText.TryDigits(parts[0], out int kept) || !NumberText.TryDigits(parts[1], out int groupSize))
            throw new ArgumentException(Refusal(text));
        return new NmPattern(kept, groupSize);
    }

    /// <summary>Takes the pattern apart into N and M.</summary>
    /// <param name="kept">N.</param>
    /// <param name="groupSize">M.</param>
    public void Deconstruct(out int kept, out int groupSize) => (kept, groupSize) = (Kept, GroupSize);

    /// <summary>The pattern as people write it, such as <c>2:4</c>.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Kept}:{GroupSize}");

    private static string Refusal(string found) =>
        $"'{found}' is not a pattern: write N:M, N weights kept of every M, with 1 <= N < M <= {LargestGroup}, such as 2:4.";
}
