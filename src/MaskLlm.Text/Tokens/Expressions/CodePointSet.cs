namespace MaskLlm.Tokens.Expressions;

/// <summary>A set of code points. Immutable; safe for many threads.</summary>
internal sealed class CodePointSet : IEquatable<CodePointSet>
{
    private const int Last = 0x10FFFF, Plane0 = 0x10000, FewBounds = 8;

    /// <summary>Every code point.</summary>
    public static readonly CodePointSet All = new([0, Last + 1]);

    /// <summary>No code point.</summary>
    public static readonly CodePointSet None = new([]);

    // Where membership changes, ascending: code points from an even entry on are in the set, from an odd one on are not.
    private readonly int[] _bounds;
    private ulong[]? _plane0;

    private CodePointSet(int[] bounds) => _bounds = bounds;

    /// <summary>True where the set is empty.</summary>
    public bool IsEmpty => _bounds.Length == 0;

    /// <summary>The one code point of a set of one; null for any other set.</summary>
    public int? Single => _bounds is [var first, var end] && end == first + 1 ? first : null;

    /// <summary>The ranges of the set, ascending, both ends included.</summary>
    public IEnumerable<(int First, int Last)> Ranges
    {
        get
        {
            for (int at = 0; at < _bounds.Length; at += 2)
                yield return (_bounds[at], _bounds[at + 1] - 1);
        }
    }

    /// <summary>The set of one code point.</summary>
    public static CodePointSet Of(int codePoint) => Of(codePoint, codePoint);

    /// <summary>The set from one code point to another, both included.</summary>
    public static CodePointSet Of(int first, int last) => new([first, last + 1]);

    /// <summary>The set of many ranges in any order, both ends included.</summary>
    public static CodePointSet Of(IEnumerable<(int First, int Last)> ranges)
    {
        List<int> bounds = [];
        foreach ((int first, int last) in ranges.OrderBy(range => range.First))
        {
            if (bounds.Count > 0 && first <= bounds[^1])
                bounds[^1] = Math.Max(bounds[^1], last + 1);
            else
                bounds.AddRange([first, last + 1]);
        }

        return new CodePointSet([.. bounds]);
    }

    /// <summary>The set of the characters of a text.</summary>
    public static CodePointSet OfCharacters(string text) => Of(text.EnumerateRunes().Select(rune => (rune.Value, rune.Value)));

    /// <summary>Whether a code point is in the set.</summary>
    public bool Contains(int codePoint)
    {
        if (codePoint >= Plane0 || _bounds.Length <= FewBounds)
            return ContainsBySearch(codePoint);
        ulong[] plane0 = _plane0 ?? BuildPlane0();
        return (plane0[codePoint >> 6] >> (codePoint & 63) & 1) != 0;
    }

    /// <summary>What is in either.</summary>
    public CodePointSet Union(CodePointSet other) => Combine(other, (left, right) => left || right);

    /// <summary>What is in both.</summary>
    public CodePointSet Intersect(CodePointSet other) => Combine(other, (left, right) => left && right);

    /// <summary>What is in this one and not in the other.</summary>
    public CodePointSet Except(CodePointSet other) => Combine(other, (left, right) => left && !right);

    /// <summary>What is not in the set.</summary>
    public CodePointSet Complement() => All.Except(this);

    /// <inheritdoc/>
    public bool Equals(CodePointSet? other) => other is not null && _bounds.AsSpan().SequenceEqual(other._bounds);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as CodePointSet);

    /// <inheritdoc/>
    public override int GetHashCode() => _bounds.Aggregate(_bounds.Length, HashCode.Combine);

    private bool ContainsBySearch(int codePoint)
    {
        int[] bounds = _bounds;
        if (bounds.Length <= FewBounds)
        {
            int passed = 0;
            while (passed < bounds.Length && bounds[passed] <= codePoint)
                passed++;
            return (passed & 1) != 0;
        }

        int found = Array.BinarySearch(bounds, codePoint);
        return ((found >= 0 ? found + 1 : ~found) & 1) != 0;
    }

    // Built by whoever comes first; two threads at once build the same.
    private ulong[] BuildPlane0()
    {
        ulong[] bits = new ulong[Plane0 / 64];
        foreach ((int first, int last) in Ranges)
        {
            for (int codePoint = first; codePoint <= Math.Min(last, Plane0 - 1); codePoint++)
                bits[codePoint >> 6] |= 1UL << (codePoint & 63);
        }

        Volatile.Write(ref _plane0, bits);
        return bits;
    }

    private CodePointSet Combine(CodePointSet other, Func<bool, bool, bool> wanted)
    {
        List<int> bounds = [];
        (int left, int right, bool inside) = (0, 0, false);
        while (left < _bounds.Length || right < other._bounds.Length)
        {
            int nextLeft = left < _bounds.Length ? _bounds[left] : int.MaxValue;
            int nextRight = right < other._bounds.Length ? other._bounds[right] : int.MaxValue;
            int at = Math.Min(nextLeft, nextRight);
            left += nextLeft == at ? 1 : 0;
            right += nextRight == at ? 1 : 0;
            if (wanted((left & 1) != 0, (right & 1) != 0) == inside)
                continue;
            bounds.Add(at);
            inside = !inside;
        }

        return new CodePointSet([.. bounds]);
    }
}
