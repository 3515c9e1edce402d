namespace MaskLlm.Products;

/// <summary>A weight matrix (O, I) in the packed layout; the memory is somebody else's.</summary>
/// <param name="rows">O.</param>
/// <param name="columns">I.</param>
/// <param name="type">How values are stored.</param>
/// <param name="isSparse">2:4, or dense.</param>
internal readonly unsafe struct PackedMatrix(int rows, int columns, WeightType type, bool isSparse)
{
    internal int Rows { get; } = rows;

    internal int Columns { get; } = columns;

    internal WeightType Type { get; } = type;

    internal bool IsSparse { get; } = isSparse;

    /// <summary>Blocks x panels x bytes of a panel.</summary>
    internal byte* Data { get; init; }

    internal int Blocks => PackedLayout.Blocks(Rows);

    internal int Panels => PackedLayout.Panels(Columns);

    internal int PanelBytes => PackedLayout.PanelBytes(Type, IsSparse);

    internal long BlockBytes => (long)Panels * PanelBytes;

    internal long Bytes => Blocks * BlockBytes;
}
