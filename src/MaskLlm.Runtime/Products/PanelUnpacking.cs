using System.Runtime.InteropServices;
using MaskLlm.Numerals;

namespace MaskLlm.Products;

/// <summary>Reads single weights and rows back out of the packed layout.</summary>
internal static unsafe class PanelUnpacking
{
    private const int Rows = PackedLayout.BlockRows, Columns = PackedLayout.PanelColumns;

    /// <summary>One row, dequantised; pruned weights are 0.</summary>
    /// <param name="matrix">The weights.</param>
    /// <param name="row">Which.</param>
    /// <param name="target">I values, or I filled up.</param>
    internal static void Row(in PackedMatrix matrix, int row, Span<float> target)
    {
        target.Clear();
        int count = matrix.IsSparse ? Columns / 2 : Columns;
        for (int panelIndex = 0; panelIndex < matrix.Panels; panelIndex++)
        {
            ReadOnlySpan<byte> panel = Panel(matrix, row / Rows, panelIndex);
            for (int i = 0; i < count; i++)
            {
                int column = panelIndex * Columns + (matrix.IsSparse ? i / 2 * 4 + Place(panel, matrix.Type, row % Rows, i) : i);
                if (column < target.Length) target[column] = Scale(panel, matrix.Type, row % Rows, i * Columns / count)
                    * Value(panel, matrix.Type, matrix.IsSparse, row % Rows, i);
            }
        }
    }

    internal static ReadOnlySpan<byte> Panel(in PackedMatrix matrix, int block, int panel) =>
        new(matrix.Data + block * matrix.BlockBytes + (long)panel * matrix.PanelBytes, matrix.PanelBytes);

    /// <summary>What a stored value of a row counts: that of its column, from 0 to 63.</summary>
    internal static float Scale(ReadOnlySpan<byte> panel, WeightType type, int row, int column) => type switch
    {
        WeightType.Int8 => BFloat16Bits.Widen(MemoryMarshal.Cast<byte, ushort>(panel)[row]),
        WeightType.Int4 => Grid(panel, row, column).Step,
        _ => 1,
    };

    /// <summary>The place, 0 to 3, of the i-th kept value of a row in its group.</summary>
    internal static int Place(ReadOnlySpan<byte> panel, WeightType type, int row, int i)
    {
        uint word = MemoryMarshal.Cast<byte, uint>(panel[PackedLayout.IndicesAt(type)..])[i / 16 * Rows + row];
        int value = i % 16;
        return (int)(word >> (PackedLayout.IsInteger(type) ? value % 4 * 8 + value / 4 * 2 : value * 2)) & 3;
    }

    /// <summary>The i-th stored value of a row: for integers without the scale.</summary>
    internal static float Value(ReadOnlySpan<byte> panel, WeightType type, bool isSparse, int row, int i)
    {
        ReadOnlySpan<byte> values = panel[PackedLayout.ValuesAt(type, isSparse)..];
        return type switch
        {
            WeightType.Float32 => MemoryMarshal.Cast<byte, float>(values)[i * Rows + row],
            WeightType.BFloat16 => BFloat16Bits.Widen(MemoryMarshal.Cast<byte, ushort>(values)[(i / 2 * Rows + row) * 2 + i % 2]),
            WeightType.Int8 => (sbyte)values[(i / 4 * Rows + row) * 4 + i % 4],
            _ => 4 * (values[(i / 8 * Rows + row) * 4 + i % 4] >> (i % 8 / 4 * 4) & 15) - Grid(panel, row, isSparse ? 2 * i : i).Zero,
        };
    }

    private static Int4Grid Grid(ReadOnlySpan<byte> panel, int row, int column) =>
        MemoryMarshal.Cast<byte, Int4Grid>(panel)[column / Int4Grid.Columns * Rows + row];
}
