namespace MaskLlm.Masks;

/// <summary>
/// Which weights of one matrix are kept: a bit a weight, 1 = kept, packed as <c>numpy.packbits</c> does it, flat and
/// row-major over (rows, columns) with the first weight in the highest bit of the first byte.
/// </summary>
public sealed partial class Mask
{
    private readonly byte[] _packed;

    /// <summary>Makes a mask of packed bits.</summary>
    /// <param name="rows">O, the outputs: at least 1.</param>
    /// <param name="columns">I, the inputs: at least 1.</param>
    /// <param name="packed">ceil(rows * columns / 8) bytes, kept and not copied; bits after the last weight are 0.</param>
    /// <exception cref="ArgumentException">The length does not fit the shape, or a bit after the last weight is 1.</exception>
    public Mask(int rows, int columns, byte[] packed)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(rows, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(columns, 1);
        ArgumentNullException.ThrowIfNull(packed);
        if (packed.Length != PackedLength(rows, columns))
            throw new ArgumentException($"A mask of {rows} x {columns} has {PackedLength(rows, columns)} packed bytes and was given "
                + $"{packed.Length}.");
        if ((packed[^1] & UnusedBits(rows, columns)) != 0)
            throw new ArgumentException($"A mask of {rows} x {columns} ends inside its last byte and the bits after the end must be 0, "
                + $"but that byte is 0x{packed[^1]:X2}.");
        Rows = rows;
        Columns = columns;
        _packed = packed;
    }

    /// <summary>O, the outputs of the weight matrix.</summary>
    public int Rows { get; }

    /// <summary>I, the inputs of the weight matrix.</summary>
    public int Columns { get; }

    /// <summary>The packed bits, ceil(rows * columns / 8) bytes.</summary>
    public ReadOnlySpan<byte> Packed => _packed;

    /// <summary>Whether one weight is kept.</summary>
    /// <param name="row">The output, from 0.</param>
    /// <param name="column">The input, from 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">The position lies outside the matrix.</exception>
    public bool this[int row, int column]
    {
        get
        {
            ArgumentOutOfRangeException.ThrowIfNegative(row);
            ArgumentOutOfRangeException.ThrowIfNegative(column);
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(row, Rows);
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(column, Columns);
            long index = (long)row * Columns + column;
            return (_packed[index >> 3] & 0x80 >> (int)(index & 7)) != 0;
        }
    }

    /// <summary>A mask that keeps every weight.</summary>
    internal static Mask Full(int rows, int columns)
    {
        byte[] ones = new byte[checked(rows * columns)];
        ones.AsSpan().Fill(1);
        return FromBytes(rows, columns, ones);
    }

    /// <summary>Packs a mask of one byte a weight.</summary>
    /// <param name="rows">O, the outputs: at least 1.</param>
    /// <param name="columns">I, the inputs: at least 1.</param>
    /// <param name="zeroOne">(rows, columns) row-major, 1 = kept, 0 = pruned.</param>
    /// <exception cref="ArgumentException">The length does not fit the shape, or a byte is neither 0 nor 1.</exception>
    public static Mask FromBytes(int rows, int columns, ReadOnlySpan<byte> zeroOne)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(rows, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(columns, 1);
        if (zeroOne.Length != (long)rows * columns)
            throw new ArgumentException($"A mask of {rows} x {columns} has {(long)rows * columns} weights and was given {zeroOne.Length} "
                + $"bytes.");
        int wrong = zeroOne.IndexOfAnyExceptInRange((byte)0, (byte)1);
        if (wrong >= 0)
            throw new ArgumentException($"A mask holds 0 and 1, and at row {wrong / columns}, column {wrong % columns} it was given "
                + $"{zeroOne[wrong]}.");
        return new Mask(rows, columns, BitPacking.Pack(zeroOne));
    }

    /// <summary>The mask of the same weights stored the other way: (columns, rows).</summary>
    public Mask Transpose() => Transpose(1);

    /// <summary>The same of each of so many matrices that lie one after another.</summary>
    internal Mask Transpose(int parts)
    {
        byte[] turned = new byte[checked(Rows * Columns)];
        int rows = Rows / parts;
        for (int row = 0; row < Rows; row++)
            for (int column = 0; column < Columns; column++)
                turned[row / rows * rows * Columns + column * rows + row % rows] = this[row, column] ? (byte)1 : (byte)0;
        return FromBytes(parts * Columns, rows, turned);
    }

    /// <summary>Some of the rows.</summary>
    internal Mask RowsFrom(int first, int count)
    {
        if (first == 0 && count == Rows) return this;
        long start = (long)first * Columns;
        if (start % 8 == 0 && (first + count == Rows || (long)count * Columns % 8 == 0))
            return new Mask(count, Columns, Packed.Slice((int)(start / 8), (int)PackedLength(count, Columns)).ToArray());
        byte[] all = new byte[checked(Rows * Columns)];
        CopyTo(all);
        return FromBytes(count, Columns, all.AsSpan(first * Columns, count * Columns));
    }

    /// <summary>Masks of as many columns, one below the other.</summary>
    internal static Mask Join(IReadOnlyList<Mask> masks)
    {
        if (masks.Count == 1) return masks[0];
        int columns = masks[0].Columns, rows = masks.Sum(mask => mask.Rows), at = 0;
        byte[] all = new byte[checked(rows * columns)];
        foreach (Mask mask in masks)
        {
            mask.CopyTo(all.AsSpan(at, mask.Rows * columns));
            at += mask.Rows * columns;
        }
        return FromBytes(rows, columns, all);
    }

    /// <summary>Unpacks the mask to one byte a weight.</summary>
    /// <param name="zeroOne">Filled with (rows, columns) row-major, 1 = kept, 0 = pruned.</param>
    /// <exception cref="ArgumentException">The length does not fit the shape.</exception>
    public void CopyTo(Span<byte> zeroOne)
    {
        if (zeroOne.Length != (long)Rows * Columns)
            throw new ArgumentException($"A mask of {Rows} x {Columns} unpacks to {(long)Rows * Columns} bytes and was given room for "
                + $"{zeroOne.Length}.");
        BitPacking.Unpack(_packed, zeroOne);
    }

    /// <summary>The bytes of the packed bits of a matrix.</summary>
    internal static long PackedLength(int rows, int columns) => ((long)rows * columns + 7) / 8;

    /// <summary>The bits of the last byte that belong to no weight.</summary>
    internal static byte UnusedBits(int rows, int columns)
    {
        int used = (int)((long)rows * columns % 8);
        return used == 0 ? (byte)0 : (byte)(0xFF >> used);
    }
}
