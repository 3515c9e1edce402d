namespace MaskLlm.Chat.Values;

/// <summary>Python's <c>&lt;</c>.</summary>
internal static class Ordering
{
    /// <summary>Below 0 where the left value comes first, above 0 where the right one does.</summary>
    /// <exception cref="TemplateFault">The values have no order.</exception>
    public static int Compare(object? left, object? right)
    {
        if (left is Undefined undefined)
            throw undefined.Fault();
        if (right is Undefined other)
            throw other.Fault();
        (left, right) = (Markup.Plain(left), Markup.Plain(right));
        if (left is string text && right is string otherText)
            return CompareTexts(text, otherText);
        if (left is Sequence { HasIndex: true } items && right is Sequence { HasIndex: true } otherItems && items.Kind == otherItems.Kind)
            return Compare(items.Items, otherItems.Items);
        if (Numbers.TryWhole(left, out long whole) && Numbers.TryWhole(right, out long otherWhole))
            return whole.CompareTo(otherWhole);
        if (Numbers.TryFloat(left, out double number) && Numbers.TryFloat(right, out double otherNumber))
            return number.CompareTo(otherNumber);
        throw new TemplateFault($"{TypeNames.Describe(left)} and {TypeNames.Describe(right)} have no order.");
    }

    /// <summary>The values from small to large; equal ones keep their order.</summary>
    public static List<T> Sort<T>(IReadOnlyList<T> items, Func<T, object?> key, bool isReversed)
    {
        // The order that the library's sorts want must not throw; this one may.
        if (items.Count < 2)
            return [.. items];
        int half = items.Count / 2;
        List<T> left = Sort([.. items.Take(half)], key, isReversed);
        List<T> right = Sort([.. items.Skip(half)], key, isReversed);
        return Merge(left, right, key, isReversed ? -1 : 1);
    }

    private static List<T> Merge<T>(List<T> left, List<T> right, Func<T, object?> key, int sign)
    {
        List<T> merged = new(left.Count + right.Count);
        (int at, int other) = (0, 0);
        while (at < left.Count && other < right.Count)
            merged.Add(sign * Compare(key(left[at]), key(right[other])) <= 0 ? left[at++] : right[other++]);
        merged.AddRange(left.Skip(at));
        merged.AddRange(right.Skip(other));
        return merged;
    }

    private static int Compare(IReadOnlyList<object?> left, IReadOnlyList<object?> right)
    {
        for (int index = 0; index < Math.Min(left.Count, right.Count); index++)
        {
            if (!Equality.AreEqual(left[index], right[index]))
                return Compare(left[index], right[index]);
        }

        return left.Count.CompareTo(right.Count);
    }

    // By code point: UTF-16 has the planes above the first within it.
    private static int CompareTexts(string left, string right)
    {
        int same = left.AsSpan().CommonPrefixLength(right);
        if (same == left.Length || same == right.Length)
            return left.Length.CompareTo(right.Length);
        return Rank(left[same]).CompareTo(Rank(right[same]));
    }

    private static int Rank(char unit) => char.IsSurrogate(unit) ? unit + 0x10000 : unit;
}
