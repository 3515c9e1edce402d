using System.Numerics;
using System.Runtime.InteropServices;

namespace MaskLlm.Tokens;

/// <summary>Ids of words seen before. Bounded, and safe for many threads without locks: a slot holds one immutable entry.</summary>
internal sealed class WordCache
{
    /// <summary>Longer words are rare, and not kept.</summary>
    public const int LongestWord = 48;

    private const int SlotBits = 17;
    private readonly Entry?[] _slots = new Entry?[1 << SlotBits];

    /// <summary>The ids of <paramref name="word"/>; false where another word has taken its slot, or none.</summary>
    public bool TryGet(ReadOnlySpan<char> word, ulong hash, out ReadOnlySpan<int> ids)
    {
        // Volatile: on a weakly ordered processor the entry's fields must be seen with its reference.
        Entry? entry = Volatile.Read(ref _slots[hash >> (64 - SlotBits)]);
        bool found = entry is not null && word.SequenceEqual(entry.Word);
        ids = found ? entry!.Ids : [];
        return found;
    }

    /// <summary>Keeps the ids of a word in place of whatever held its slot.</summary>
    public void Set(ReadOnlySpan<char> word, ulong hash, ReadOnlySpan<int> ids) =>
        Volatile.Write(ref _slots[hash >> (64 - SlotBits)], new Entry(word.ToString(), ids.ToArray()));

    /// <summary>A hash whose upper bits are well mixed.</summary>
    public static ulong Hash(ReadOnlySpan<char> word)
    {
        const ulong Odd = 0x9E3779B97F4A7C15;
        ulong hash = (ulong)word.Length * Odd;
        ReadOnlySpan<ulong> fours = MemoryMarshal.Cast<char, ulong>(word);
        foreach (ulong four in fours)
            hash = (BitOperations.RotateLeft(hash, 29) ^ four) * Odd;
        foreach (char unit in word[(fours.Length * 4)..])
            hash = (BitOperations.RotateLeft(hash, 29) ^ unit) * Odd;
        return (hash ^ (hash >> 32)) * Odd;
    }

    private sealed record Entry(string Word, int[] Ids);
}
