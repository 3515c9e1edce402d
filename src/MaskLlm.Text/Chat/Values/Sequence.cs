namespace MaskLlm.Chat.Values;

/// <summary>Values one after another.</summary>
internal sealed class Sequence
{
    private int _read;

    /// <summary>Makes a sequence.</summary>
    /// <exception cref="TemplateFault">It would be nested too deep.</exception>
    public Sequence(IReadOnlyList<object?> items, SequenceKind kind = SequenceKind.List, IReadOnlyList<string>? names = null)
    {
        Items = items;
        Kind = kind;
        Names = names ?? [];
        Extent = Extent.Around(items);
    }

    /// <summary>The values.</summary>
    public IReadOnlyList<object?> Items { get; }

    /// <summary>Which of Python's sequences it is.</summary>
    public SequenceKind Kind { get; }

    /// <summary>Names of the values, in a tuple that has them.</summary>
    public IReadOnlyList<string> Names { get; }

    /// <summary>How large it is, with all that is in it.</summary>
    public Extent Extent { get; }

    /// <summary>True where it has a length: all but generators.</summary>
    public bool HasLength => Kind != SequenceKind.Generator;

    /// <summary>True where <c>[0]</c> works.</summary>
    public bool HasIndex => Kind is SequenceKind.List or SequenceKind.Tuple or SequenceKind.Range;

    /// <summary>The values to go through: those that are left, in a generator.</summary>
    public IReadOnlyList<object?> Read()
    {
        if (Kind != SequenceKind.Generator)
            return Items;
        IReadOnlyList<object?> left = _read == 0 ? Items : [.. Items.Skip(_read)];
        _read = Items.Count;
        return left;
    }

    /// <summary>The first value that is left.</summary>
    public bool TryReadFirst(out object? first)
    {
        first = _read < Items.Count ? Items[_read] : null;
        if (_read == Items.Count)
            return false;
        _read += Kind == SequenceKind.Generator ? 1 : 0;
        return true;
    }
}
