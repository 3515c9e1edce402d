using System.Numerics;

namespace MaskLlm.Tokens;

/// <summary>Which pairs of tokens merge, into what, and in which order; open addressing, read by many threads.</summary>
internal sealed class MergeTable
{
    private const ulong Empty = ulong.MaxValue;
    private readonly ulong[] _keys;
    private readonly (int Rank, int Id)[] _values;
    private readonly int _shift;

    /// <summary>Builds the table; of two entries for one pair the later one counts.</summary>
    public MergeTable(IReadOnlyCollection<Merge> merges)
    {
        int size = (int)BitOperations.RoundUpToPowerOf2((uint)Math.Max(16, merges.Count * 2L));
        _shift = 64 - BitOperations.Log2((uint)size);
        _keys = new ulong[size];
        _values = new (int, int)[size];
        Array.Fill(_keys, Empty);
        foreach (Merge merge in merges)
        {
            int slot = SlotOf(Key(merge.Left, merge.Right));
            _keys[slot] = Key(merge.Left, merge.Right);
            _values[slot] = (merge.Rank, merge.Id);
        }
    }

    /// <summary>The rank (lower merges first) and the token that the pair becomes; false where it does not merge.</summary>
    public bool TryGet(int left, int right, out int rank, out int id)
    {
        int slot = SlotOf(Key(left, right));
        (rank, id) = _values[slot];
        return _keys[slot] != Empty;
    }

    private static ulong Key(int left, int right) => ((ulong)(uint)left << 32) | (uint)right;

    private int SlotOf(ulong key)
    {
        int slot = (int)((key * 0x9E3779B97F4A7C15) >> _shift);
        while (_keys[slot] != key && _keys[slot] != Empty)
            slot = (slot + 1) & (_keys.Length - 1);
        return slot;
    }
}
