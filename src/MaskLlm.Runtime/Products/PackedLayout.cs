using System.Diagnostics;

namespace MaskLlm.Products;

/// <summary>
/// Where the weights of a matrix lie: blocks of 16 rows, each cut into panels of 64 columns. Inside a panel 16 neighbours are
/// the 16 rows of one thing, so that a vector lane is an output row. docs/runtime.md draws it.
/// </summary>
/// <remarks>
/// A panel is [scales, integers only][indices: 2 x 16 x uint32, 2:4 only][values]. Scales are 16 bfloat16 in int8, and in int4 2 x 16
/// <see cref="Int4Grid"/>, of columns 0 to 31 and 32 to 63. Values of a dense panel, for float types: 32 pairs of columns, float32 as 16
/// even then 16 odd ones, bfloat16 as 16 uint32 with the even column in the low half; int8: 16 x [16 rows][4 columns]; int4: 8 x [16
/// rows][4 bytes], columns 0-3 in the low and 4-7 in the high nibbles.
/// A 2:4 panel has groups in place of pairs of columns, and the kept two of a group in place of a pair. Its index word h of a row,
/// for groups 8h to 8h + 7, holds for float types at bits 4g and 4g + 2 the places of the two; for integers byte j holds at
/// bits 2k the place of value j of the k-th four values (of two groups).
/// </remarks>
internal static class PackedLayout
{
    internal const int BlockRows = 16, PanelColumns = 64, PanelGroups = PanelColumns / 4;
    internal const int ScaleBytes = BlockRows * 2, IndexBytes = 2 * BlockRows * 4;

    internal static bool IsInteger(WeightType type) => type >= WeightType.Int8;

    internal static int BitsOf(WeightType type) => type switch
    {
        WeightType.Float32 => 32,
        WeightType.BFloat16 => 16,
        WeightType.Int8 => 8,
        WeightType.Int4 => 4,
        _ => throw new UnreachableException(),
    };

    /// <summary>The bytes of one panel: 16 rows by 64 columns.</summary>
    internal static int PanelBytes(WeightType type, bool isSparse) => ValuesAt(type, isSparse)
        + BlockRows * (isSparse ? PanelColumns / 2 : PanelColumns) * BitsOf(type) / 8;

    /// <summary>Scales of a row in a panel.</summary>
    internal static int Scales(WeightType type) => type switch { WeightType.Int8 => 1, WeightType.Int4 => 2, _ => 0 };

    internal static int IndicesAt(WeightType type) => Scales(type) * ScaleBytes;

    internal static int ValuesAt(WeightType type, bool isSparse) => IndicesAt(type) + (isSparse ? IndexBytes : 0);

    internal static int Blocks(int rows) => (rows + BlockRows - 1) / BlockRows;

    internal static int Panels(int columns) => (columns + PanelColumns - 1) / PanelColumns;

    /// <summary>Rows or columns filled up to whole panels: the distance between the tokens of an activation.</summary>
    internal static int Padded(int size) => Panels(size) * PanelColumns;
}
