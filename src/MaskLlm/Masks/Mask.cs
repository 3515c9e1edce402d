using System.Numerics;
using MaskLlm.Patterns;

namespace MaskLlm.Masks;

/// <summary>Which weights of one matrix stay: a bit each, flat row-major, the first in the highest bit of its byte (numpy.packbits).</summary>
public sealed class Mask
{
    private readonly byte[] _packed;

    /// <param name="rows">Outputs O.</param>
    /// <param name="columns">Inputs I.</param>
    /// <param name="packed">ceil(O I / 8) bytes; kept, not copied.</param>
    /// <exception cref="ArgumentException">Another length, or a bit set after the last weight.</exception>
    public Mask(int rows, int columns, byte[] packed)
    {
        long bits = (long)rows * columns;
        if (packed.Length != (bits + 7) / 8)
            throw new ArgumentException($"a mask of {rows} x {columns} takes {(bits + 7) / 8} bytes, found {packed.Length}.");
        if (bits % 8 != 0 && (packed[^1] & (0xFF >> (int)(bits % 8))) != 0)
            throw new ArgumentException($"a mask of {rows} x {columns} has bits set after its last weight.");
        (Rows, Columns, _packed) = (rows, columns, packed);
    }

    /// <summary>Outputs O.</summary>
    public int Rows { get; }

    /// <summary>Inputs I.</summary>
    public int Columns { get; }

    /// <summary>The bits as numpy.packbits lays them out.</summary>
    public ReadOnlySpan<byte> Packed => _packed;

    /// <summary>Number of weights that stay.</summary>
    public long KeptCount
    {
        get
        {
            long kept = 0;
            foreach (byte bits in _packed) kept += BitOperations.PopCount(bits);
            return kept;
        }
    }

    /// <summary>Share of weights that stay, 0 to 1.</summary>
    public double Density => (double)KeptCount / ((long)Rows * Columns);

    /// <summary>Whether a weight stays.</summary>
    public bool this[int row, int column] => Bit((long)row * Columns + column) != 0;

    /// <summary>Packs O I values of 0 (pruned) and anything else (kept).</summary>
    /// <exception cref="ArgumentException">Not O I values.</exception>
    public static Mask FromBytes(int rows, int columns, ReadOnlySpan<byte> zeroOne)
    {
        if (zeroOne.Length != (long)rows * columns)
            throw new ArgumentException($"a mask of {rows} x {columns} has {(long)rows * columns} values, found {zeroOne.Length}.");
        byte[] packed = new byte[(zeroOne.Length + 7) / 8];
        for (int i = 0; i < zeroOne.Length; i++)
            if (zeroOne[i] != 0) packed[i >> 3] |= (byte)(0x80 >> (i & 7));
        return new Mask(rows, columns, packed);
    }

    /// <summary>Writes 1 for each weight that stays and 0 for the others.</summary>
    /// <param name="zeroOne">O I bytes.</param>
    public void CopyTo(Span<byte> zeroOne)
    {
        for (int i = 0; i < zeroOne.Length; i++) zeroOne[i] = Bit(i);
    }

    /// <summary>Groups that do not keep exactly N of M.</summary>
    /// <exception cref="ArgumentException">Columns not divisible by M.</exception>
    public long ViolationCount(NmPattern pattern)
    {
        if (Columns % pattern.GroupSize != 0)
            throw new ArgumentException($"{Columns} columns; pattern {pattern} needs a multiple of {pattern.GroupSize}.");
        long violations = 0, bits = (long)Rows * Columns;
        for (long start = 0; start < bits; start += pattern.GroupSize)
        {
            int kept = 0;
            for (int i = 0; i < pattern.GroupSize; i++) kept += Bit(start + i);
            if (kept != pattern.Kept) violations++;
        }
        return violations;
    }

    private byte Bit(long index) => (byte)((_packed[index >> 3] >> (7 - (int)(index & 7))) & 1);
}
