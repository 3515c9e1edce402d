using System.Globalization;

namespace MaskLlm.Patterns;

/// <summary>An N:M pattern: N kept of every M consecutive inputs of a row.</summary>
public sealed record NmPattern
{
    /// <summary>The largest group whose candidates are listed.</summary>
    public const int MaxGroupSize = 8;

    private readonly byte[] _candidates;

    /// <param name="kept">N, at least 1 and below M.</param>
    /// <param name="groupSize">M, at most <see cref="MaxGroupSize"/>.</param>
    /// <exception cref="ArgumentException">Outside those limits.</exception>
    public NmPattern(int kept, int groupSize)
    {
        if (kept < 1 || kept >= groupSize || groupSize > MaxGroupSize)
            throw new ArgumentException($"pattern {kept}:{groupSize}: N of N:M must be at least 1 and below M, and M at most {MaxGroupSize}.");
        (Kept, GroupSize) = (kept, groupSize);
        _candidates = [.. Combinations(kept, groupSize, 0).SelectMany(row => row)];
    }

    /// <summary>2:4.</summary>
    public static NmPattern TwoOfFour { get; } = new(2, 4);

    /// <summary>N: how many of a group stay.</summary>
    public int Kept { get; }

    /// <summary>M: neighbours along the input dimension of one row.</summary>
    public int GroupSize { get; }

    /// <summary>C = binom(M, N).</summary>
    public int CandidateCount => _candidates.Length / GroupSize;

    /// <summary>
    /// S, (C, M) row-major of 0 and 1, in the order of kept positions counted up: 1100 1010 1001 0110 0101 0011 for 2:4.
    /// Files depend on the order.
    /// </summary>
    public ReadOnlySpan<byte> Candidates => _candidates;

    /// <summary>Reads <c>N:M</c>.</summary>
    /// <exception cref="ArgumentException">Not of that form, or outside the limits.</exception>
    public static NmPattern Parse(string text)
    {
        string[] parts = text.Split(':');
        if (parts.Length == 2
            && int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out int kept)
            && int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out int groupSize))
            return new NmPattern(kept, groupSize);
        throw new ArgumentException($"\"{text}\" is not a pattern; N:M is expected, such as 2:4.");
    }

    /// <inheritdoc/>
    public override string ToString() => $"{Kept}:{GroupSize}";

    /// <summary>Equal where N and M are.</summary>
    public bool Equals(NmPattern? other) => other is not null && Kept == other.Kept && GroupSize == other.GroupSize;

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Kept, GroupSize);

    private static IEnumerable<byte[]> Combinations(int kept, int groupSize, int first)
    {
        if (kept == 0)
        {
            yield return new byte[groupSize];
            yield break;
        }
        for (int position = first; position <= groupSize - kept; position++)
            foreach (byte[] rest in Combinations(kept - 1, groupSize, position + 1))
            {
                rest[position] = 1;
                yield return rest;
            }
    }
}
