namespace MaskLlm.Decoding;

/// <summary>Keys and values of one sequence, float32; disposing it gives its pages back to the decoder.</summary>
public sealed class KeyValueCache : IDisposable
{
    private readonly KeyValuePages _pages;
    private readonly List<nint> _held = [];
    private readonly List<int> _ids = [];
    private int _expected;

    internal KeyValueCache(KeyValuePages pages) => _pages = pages;

    /// <summary>Positions that are filled: the position of the next token.</summary>
    public int Length { get; private set; }

    internal IReadOnlyList<nint> Pages => _held;

    /// <summary>The tokens of the filled positions.</summary>
    internal IReadOnlyList<int> Ids => _ids;

    /// <summary>How long the text is known to become, or is.</summary>
    internal int TextLength => Math.Max(Length, _expected);

    /// <summary>Tokens of a batch that is about to be run.</summary>
    internal int Coming { get; set; }

    /// <summary>Whether its keys are turned as those of a text beyond the original length are (longrope).</summary>
    internal bool IsLong { get; set; }

    /// <summary>
    /// Says before a text is run in pieces how long it is: where the rotary embedding depends on the length, its first tokens are turned
    /// as those of the whole text are.
    /// </summary>
    /// <param name="length">Of the text, what is filled already included; what is not more than that changes nothing.</param>
    public void Expect(int length) => _expected = Math.Max(_expected, length);

    /// <summary>Forgets all positions from one on, and what was expected, and keeps the memory.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There are not so many.</exception>
    internal void Truncate(int length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, Length);
        _ids.RemoveRange(length, Length - length);
        (Length, _expected) = (length, 0);
    }

    /// <summary>Gives the pages back.</summary>
    public void Dispose()
    {
        foreach (nint page in _held) _pages.Return(page);
        _held.Clear();
        _ids.Clear();
        (Length, _expected) = (0, 0);
    }

    /// <summary>Takes a position for the next token.</summary>
    /// <exception cref="InsufficientMemoryException">No page is left.</exception>
    internal int Append(int id)
    {
        if (Length == _held.Count * KeyValuePages.Positions)
        {
            _held.Add(_pages.Rent());
            _ids.EnsureCapacity(_held.Count * KeyValuePages.Positions);
        }
        _ids.Add(id);
        return Length++;
    }
}
