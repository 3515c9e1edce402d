namespace MaskLlm.Decoding;

/// <summary>Keys and values of one sequence, float32; disposing it gives its pages back to the decoder.</summary>
public sealed class KeyValueCache : IDisposable
{
    private readonly KeyValuePages _pages;
    private readonly List<nint> _held = [];

    internal KeyValueCache(KeyValuePages pages) => _pages = pages;

    /// <summary>Positions that are filled: the position of the next token.</summary>
    public int Length { get; private set; }

    internal IReadOnlyList<nint> Pages => _held;

    /// <summary>Forgets all positions from one on and keeps the memory.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There are not so many.</exception>
    internal void Truncate(int length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, Length);
        Length = length;
    }

    /// <summary>Gives the pages back.</summary>
    public void Dispose()
    {
        foreach (nint page in _held) _pages.Return(page);
        _held.Clear();
        Length = 0;
    }

    /// <summary>Takes a position for the next token.</summary>
    /// <exception cref="InsufficientMemoryException">No page is left.</exception>
    internal int Append()
    {
        if (Length == _held.Count * KeyValuePages.Positions) _held.Add(_pages.Rent());
        return Length++;
    }
}
