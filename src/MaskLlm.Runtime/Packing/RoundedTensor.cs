using MaskLlm.Products;

namespace MaskLlm.Packing;

/// <summary>A linear tensor that calibration has rounded to int4.</summary>
/// <param name="columns">I.</param>
/// <param name="codes">(O, I): q of each weight that is kept.</param>
/// <param name="grids">(O, ceil(I / 32)).</param>
internal sealed class RoundedTensor(int columns, byte[] codes, Int4Grid[] grids)
{
    private readonly int _gridsOfRow = GridsOf(columns);

    /// <summary>Grids of a row.</summary>
    internal static int GridsOf(int columns) => (columns + Int4Grid.Columns - 1) / Int4Grid.Columns;

    /// <summary>The tensor with more rows below.</summary>
    internal RoundedTensor Above(byte[] moreCodes, Int4Grid[] moreGrids) =>
        new(columns, [.. codes, .. moreCodes], [.. grids, .. moreGrids]);

    /// <summary>Reads a row.</summary>
    /// <param name="row">Of the tensor.</param>
    /// <param name="values">Takes I values; those of pruned weights mean nothing.</param>
    /// <param name="gridsOfRow">Takes its grids.</param>
    internal void Read(int row, Span<float> values, Span<Int4Grid> gridsOfRow)
    {
        grids.AsSpan(row * _gridsOfRow, _gridsOfRow).CopyTo(gridsOfRow);
        ReadOnlySpan<byte> own = codes.AsSpan(row * columns, columns);
        for (int i = 0; i < columns; i++) values[i] = gridsOfRow[i / Int4Grid.Columns].Value(own[i]);
    }
}
