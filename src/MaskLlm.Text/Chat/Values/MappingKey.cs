namespace MaskLlm.Chat.Values;

/// <summary>A value as the key of a dict, where <c>1</c>, <c>1.0</c> and <c>true</c> are one.</summary>
internal readonly struct MappingKey : IEquatable<MappingKey>
{
    private readonly int _hash;

    /// <summary>Makes a key.</summary>
    /// <exception cref="TemplateFault">The value is or holds a list or a dict, which cannot be keys.</exception>
    public MappingKey(object? value)
    {
        Value = value;
        _hash = Hash(Markup.Plain(value));
    }

    /// <summary>The value.</summary>
    public object? Value { get; }

    /// <inheritdoc/>
    public bool Equals(MappingKey other) => _hash == other._hash && Equality.AreEqual(Value, other.Value);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is MappingKey other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => _hash;

    /// <summary>Whether a value can be a key: no list and no dict, nor a tuple with one.</summary>
    public static bool CanBe(object? value) => value switch
    {
        Mapping or Sequence { Kind: SequenceKind.List } => false,
        Sequence { Kind: SequenceKind.Tuple } tuple => tuple.Items.All(CanBe),
        _ => true,
    };

    private static int Hash(object? value) => value switch
    {
        null => 0,
        bool truth => HashCode.Combine(truth ? 1.0 : 0.0),
        // HashCode is seeded: a template cannot choose numbers that collide.
        long number => HashCode.Combine((double)number),
        double number => HashCode.Combine(number),
        string text => text.GetHashCode(StringComparison.Ordinal),
        Sequence { Kind: SequenceKind.Tuple } tuple =>
            tuple.Items.Aggregate(1, (hash, item) => HashCode.Combine(hash, Hash(Markup.Plain(item)))),
        Undefined => 1,
        Sequence { Kind: SequenceKind.List } or Mapping =>
            throw new TemplateFault($"{TypeNames.Describe(value)} cannot be the key of a dict."),
        _ => value.GetHashCode(),
    };
}
