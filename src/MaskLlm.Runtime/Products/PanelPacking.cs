using System.Diagnostics;
using System.Runtime.InteropServices;
using MaskLlm.Numerals;

namespace MaskLlm.Products;

/// <summary>Brings rows of weights into a block of the packed layout.</summary>
internal static class PanelPacking
{
    private const int Rows = PackedLayout.BlockRows, Columns = PackedLayout.PanelColumns;

    /// <summary>Packs up to 16 rows.</summary>
    /// <param name="rows">(rows, columns) row-major.</param>
    /// <param name="kept">The same shape, 1 = kept, two in every four: 2:4. Empty: dense.</param>
    /// <param name="columns">I.</param>
    /// <param name="type">How values are stored.</param>
    /// <param name="grids">int4: of each row and 32 columns the grid that its values are to lie on. Empty: what fits them best.</param>
    /// <param name="block">Takes the panels; rows and columns that are missing become 0.</param>
    internal static void Pack(ReadOnlySpan<float> rows, ReadOnlySpan<byte> kept, int columns, WeightType type,
        ReadOnlySpan<Int4Grid> grids, Span<byte> block)
    {
        bool isSparse = !kept.IsEmpty;
        int panelBytes = PackedLayout.PanelBytes(type, isSparse), gridsOfRow = (columns + Int4Grid.Columns - 1) / Int4Grid.Columns;
        Span<float> values = stackalloc float[Columns];
        Span<byte> places = stackalloc byte[Columns / 2];
        block.Clear();
        for (int row = 0; row * columns < rows.Length; row++)
            for (int column = 0; column < columns; column += Columns)
            {
                int count = Math.Min(Columns, columns - column);
                int at = row * columns + column;
                Span<byte> panel = block.Slice(column / Columns * panelBytes, panelBytes);
                values.Clear();
                if (isSparse) Compress(rows.Slice(at, count), kept.Slice(at, count), values, places);
                else rows.Slice(at, count).CopyTo(values);
                if (isSparse) PackIndices(places, row, type, panel[PackedLayout.IndicesAt(type)..]);
                ReadOnlySpan<float> stored = isSparse ? values[..(Columns / 2)] : values;
                Span<byte> target = panel[PackedLayout.ValuesAt(type, isSparse)..];
                if (type == WeightType.Int4)
                    PackInt4(stored, row, grids.IsEmpty ? [] : grids[(row * gridsOfRow + column / Int4Grid.Columns)..], panel, target);
                else PackValues(stored, row, type, panel, target);
            }
    }

    // Groups that are missing at the right keep places 0 and 1, whose values are 0.
    private static void Compress(ReadOnlySpan<float> row, ReadOnlySpan<byte> kept, Span<float> values, Span<byte> places)
    {
        for (int i = 0; i < places.Length; i++) places[i] = (byte)(i & 1);
        for (int group = 0; group < row.Length / 4; group++)
        {
            int found = 0;
            for (int place = 0; place < 4; place++)
            {
                if (kept[4 * group + place] == 0) continue;
                Debug.Assert(found < 2);
                values[2 * group + found] = row[4 * group + place];
                places[2 * group + found++] = (byte)place;
            }
            Debug.Assert(found == 2);
        }
    }

    private static void PackIndices(ReadOnlySpan<byte> places, int row, WeightType type, Span<byte> indices)
    {
        Span<uint> words = MemoryMarshal.Cast<byte, uint>(indices);
        for (int i = 0; i < places.Length; i++)
        {
            int half = i / 16, value = i % 16;
            int bit = PackedLayout.IsInteger(type) ? value % 4 * 8 + value / 4 * 2 : value * 2;
            words[half * Rows + row] |= (uint)places[i] << bit;
        }
    }

    private static void PackValues(ReadOnlySpan<float> values, int row, WeightType type, Span<byte> panel, Span<byte> target)
    {
        switch (type)
        {
            case WeightType.Float32:
                Span<float> floats = MemoryMarshal.Cast<byte, float>(target);
                for (int i = 0; i < values.Length; i++) floats[i * Rows + row] = values[i];
                break;
            case WeightType.BFloat16:
                Span<ushort> halves = MemoryMarshal.Cast<byte, ushort>(target);
                for (int i = 0; i < values.Length; i++) halves[(i / 2 * Rows + row) * 2 + i % 2] = BFloat16Bits.Narrow(values[i]);
                break;
            default:
                PackInt8(values, row, panel, target);
                break;
        }
    }

    private static void PackInt8(ReadOnlySpan<float> values, int row, Span<byte> panel, Span<byte> target)
    {
        ushort bits = BFloat16Bits.Narrow(IntegerScale.Of(values));
        MemoryMarshal.Cast<byte, ushort>(panel)[row] = bits;
        float scale = BFloat16Bits.Widen(bits);
        for (int i = 0; i < values.Length; i++) target[(i / 4 * Rows + row) * 4 + i % 4] = (byte)IntegerScale.Round(values[i], scale);
    }

    private static void PackInt4(ReadOnlySpan<float> values, int row, ReadOnlySpan<Int4Grid> grids, Span<byte> panel, Span<byte> target)
    {
        Span<Int4Grid> stored = MemoryMarshal.Cast<byte, Int4Grid>(panel);
        int count = values.Length / 2;
        for (int half = 0; half < 2; half++)
        {
            ReadOnlySpan<float> own = values.Slice(half * count, count);
            Int4Grid grid = half < grids.Length ? grids[half] : Int4Fit.Of(own, []);
            stored[half * Rows + row] = grid;
            for (int i = half * count; i < (half + 1) * count; i++)
                target[(i / 8 * Rows + row) * 4 + i % 4] |= (byte)(grid.Round(values[i]) << (i % 8 / 4 * 4));
        }
    }
}
