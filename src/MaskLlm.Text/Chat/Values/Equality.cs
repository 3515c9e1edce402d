namespace MaskLlm.Chat.Values;

/// <summary>Python's <c>==</c>.</summary>
internal static class Equality
{
    /// <summary>Whether two values are equal.</summary>
    public static bool AreEqual(object? left, object? right) => (Markup.Plain(left), Markup.Plain(right)) switch
    {
        (null, null) or (Undefined, Undefined) => true,
        (null, _) or (_, null) => false,
        (string text, string other) => text == other,
        (Sequence sequence, Sequence other) => AreEqual(sequence, other),
        (Mapping mapping, Mapping other) => AreEqual(mapping, other),
        var (value, other) => AreEqualNumbers(value, other) ?? value.Equals(other),
    };

    private static bool? AreEqualNumbers(object left, object right)
    {
        bool isWhole = Numbers.TryWhole(left, out long whole) & Numbers.TryWhole(right, out long otherWhole);
        if (isWhole)
            return whole == otherWhole;
        return Numbers.TryFloat(left, out double number) && Numbers.TryFloat(right, out double other) ? number == other : null;
    }

    private static bool AreEqual(Sequence left, Sequence right)
    {
        if (!left.HasIndex || left.Kind != right.Kind)
            return ReferenceEquals(left, right);
        if (left.Items.Count != right.Items.Count)
            return false;
        for (int index = 0; index < left.Items.Count; index++)
        {
            if (!AreEqual(left.Items[index], right.Items[index]))
                return false;
        }

        return true;
    }

    private static bool AreEqual(Mapping left, Mapping right) =>
        left.Count == right.Count && left.Items.All(item => right.TryGet(item.Key, out object? other) && AreEqual(item.Value, other));
}
