using System.Runtime.InteropServices;
using MaskLlm.Architectures;

namespace MaskLlm.Decoding;

/// <summary>Memory for keys and values, in pages of some positions of all blocks; pages that a sequence gives back serve the
/// next.</summary>
internal sealed unsafe class KeyValuePages : IDisposable
{
    /// <summary>Positions in a page.</summary>
    internal const int Positions = 32;

    private readonly Stack<nint> _free = [];
    private readonly List<nint> _all = [];
    private readonly Lock _lock = new();
    private readonly int _heads, _keySize, _valueSize;

    /// <param name="config">Of the model.</param>
    /// <param name="limitBytes">No more than this is taken.</param>
    internal KeyValuePages(DecoderConfig config, long limitBytes)
    {
        (_heads, _keySize, _valueSize) = (config.KeyValueHeadCount, config.HeadSize, config.ValueSize);
        PageBytes = config.BlockCount * BlockValues * sizeof(float);
        Limit = Math.Max(1, limitBytes / PageBytes);
    }

    /// <summary>Bytes of a page.</summary>
    internal long PageBytes { get; }

    /// <summary>Pages that there can be.</summary>
    internal long Limit { get; }

    /// <summary>Pages that no sequence holds, those not made yet included.</summary>
    internal long Free
    {
        get
        {
            lock (_lock) return Limit - _all.Count + _free.Count;
        }
    }

    /// <exception cref="InsufficientMemoryException">The limit is reached.</exception>
    internal nint Rent()
    {
        lock (_lock)
        {
            if (_free.TryPop(out nint page)) return page;
            if (_all.Count == Limit)
                throw new InsufficientMemoryException(
                    $"the cache of keys and values is full ({Limit * PageBytes / 1e6:0} MB); shorten the context or the number of "
                    + $"sequences.");
            page = (nint)NativeMemory.AlignedAlloc((nuint)PageBytes, 64);
            _all.Add(page);
            return page;
        }
    }

    internal void Return(nint page)
    {
        lock (_lock) _free.Push(page);
    }

    /// <summary>Where the keys or values of a head begin: (positions, head size).</summary>
    internal float* At(nint page, int block, bool isValue, int head) => (float*)page + block * BlockValues
        + (isValue ? (long)_heads * _keySize + (long)head * _valueSize : (long)head * _keySize) * Positions;

    private long BlockValues => (long)_heads * Positions * (_keySize + _valueSize);

    public void Dispose()
    {
        foreach (nint page in _all) NativeMemory.AlignedFree((void*)page);
        _all.Clear();
        _free.Clear();
    }
}
