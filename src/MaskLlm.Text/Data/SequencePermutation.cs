using System.Diagnostics;
using System.Numerics;
using MaskLlm.Randomness;

namespace MaskLlm.Data;

/// <summary>A seeded permutation of 0 to count - 1 that is computed place by place: it takes no memory and no order of asking.</summary>
/// <remarks>
/// A Feistel network permutes the smallest fitting range of 4^k numbers, 256 at least; a result outside the wanted range goes through it
/// again
/// until it falls inside (Black and Rogaway 2002, "Ciphers with arbitrary finite domains").
/// </remarks>
internal readonly struct SequencePermutation
{
    private const int KeyBlocks = 2;
    private const int Rounds = KeyBlocks * 4; // Philox gives four keys a block
    private readonly long _count;
    private readonly int _halfBits;
    private readonly RoundKeys _keys;

    /// <summary>Chooses a permutation.</summary>
    /// <param name="count">Numbers to permute, at least 1.</param>
    /// <param name="key">The seed.</param>
    /// <param name="domain">Tells apart the permutations of one seed; its low byte must be 0.</param>
    /// <param name="epoch">Tells apart the passes over one source.</param>
    public SequencePermutation(long count, ulong key, ulong domain, long epoch)
    {
        Debug.Assert(count >= 1);
        _count = count;
        _halfBits = Math.Max(4, (65 - BitOperations.LeadingZeroCount((ulong)(count - 1))) / 2);
        Span<uint> keys = _keys;
        for (int block = 0; block < KeyBlocks; block++)
            Philox.Block(key, domain | (uint)block, (ulong)epoch, keys.Slice(block * 4, 4));
    }

    /// <summary>The number at a place.</summary>
    /// <param name="place">0 to count - 1.</param>
    public long this[long place]
    {
        get
        {
            ulong value = (ulong)place;
            do
                value = Encrypt(value);
            while (value >= (ulong)_count);
            return (long)value;
        }
    }

    private ulong Encrypt(ulong value)
    {
        uint halfMask = (uint)((1UL << _halfBits) - 1);
        uint left = (uint)(value >> _halfBits), right = (uint)value & halfMask;
        for (int round = 0; round < Rounds; round++)
            (left, right) = (right, left ^ (Mix(right + _keys[round]) & halfMask));
        return ((ulong)left << _halfBits) | right;
    }

    /// <summary>Spreads each bit over the word; the constants are those of MurmurHash3's finaliser.</summary>
    private static uint Mix(uint value)
    {
        value = (value ^ (value >> 16)) * 0x85EBCA6B;
        value = (value ^ (value >> 13)) * 0xC2B2AE35;
        return value ^ (value >> 16);
    }

    [System.Runtime.CompilerServices.InlineArray(Rounds)]
    private struct RoundKeys
    {
        private uint _first;
    }
}
