namespace MaskLlm.Tokens;

/// <summary>A growing row of token ids that is written by one thread.</summary>
internal sealed class IdBuffer
{
    private int[] _ids = new int[256];

    /// <summary>How many ids it holds.</summary>
    public int Count { get; private set; }

    /// <summary>What it holds, until the next change.</summary>
    public Span<int> Span => _ids.AsSpan(0, Count);

    /// <summary>Adds one id.</summary>
    public void Append(int id)
    {
        if (Count == _ids.Length)
            Grow(Count + 1);
        _ids[Count++] = id;
    }

    /// <summary>Adds several.</summary>
    public void Append(ReadOnlySpan<int> ids)
    {
        if (Count + ids.Length > _ids.Length)
            Grow(Count + ids.Length);
        ids.CopyTo(_ids.AsSpan(Count));
        Count += ids.Length;
    }

    /// <summary>Keeps the first <paramref name="count"/> ids only.</summary>
    public void Truncate(int count) => Count = count;

    private void Grow(int wanted) => Array.Resize(ref _ids, Math.Max(wanted, checked(_ids.Length * 2)));
}
