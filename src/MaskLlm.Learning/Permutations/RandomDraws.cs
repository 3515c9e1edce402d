using MaskLlm.Randomness;

namespace MaskLlm.Permutations;

/// <summary>Whole numbers drawn by a seed, one after another.</summary>
/// <param name="seed">Of the run.</param>
/// <param name="stream">What the numbers are for.</param>
internal sealed class RandomDraws(ulong seed, ulong stream)
{
    private readonly uint[] _words = new uint[4];
    private ulong _count;

    /// <summary>From 0 to below a limit.</summary>
    internal int Below(int limit)
    {
        int at = (int)(_count % 4);
        if (at == 0) Philox.Block(seed, stream, _count / 4, _words);
        _count++;
        return (int)((ulong)_words[at] * (ulong)limit >> 32);
    }

    /// <summary>0 to below a size in a random order (Fisher and Yates).</summary>
    internal int[] Shuffled(int size)
    {
        int[] order = [.. Enumerable.Range(0, size)];
        for (int i = size - 1; i > 0; i--)
        {
            int j = Below(i + 1);
            (order[i], order[j]) = (order[j], order[i]);
        }
        return order;
    }
}
