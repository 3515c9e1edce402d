namespace MaskLlm.Architectures;

/// <summary>In which order a tensor's rows and columns are taken, as the checkpoint stores them; a vector has columns alone.</summary>
/// <param name="Rows">The old row at each new place; null where they stay.</param>
/// <param name="Columns">The same of columns.</param>
internal sealed record TensorOrder(int[]? Rows, int[]? Columns)
{
    /// <summary>Where a tensor has several matrices one after another, the columns of each in place of <see cref="Columns"/>.</summary>
    internal IReadOnlyList<int[]>? PartColumns { get; init; }

    internal TensorOrder Transposed => new(Columns, Rows);

    /// <summary>Of one of the tensor's rows.</summary>
    /// <param name="row">In the file, counted through all matrices.</param>
    /// <param name="rows">Of all matrices.</param>
    internal int[]? ColumnsOf(long row, long rows) => PartColumns is { } parts ? parts[(int)(row / (rows / parts.Count))] : Columns;

    /// <summary>Of matrices one after another.</summary>
    /// <param name="parts">Each as the checkpoint stores it, with rows and columns.</param>
    internal static TensorOrder Join(IReadOnlyList<TensorOrder> parts)
    {
        int rows = parts[0].Rows!.Length;
        return new TensorOrder([.. parts.Index().SelectMany(part => part.Item.Rows!.Select(row => part.Index * rows + row))], null)
        {
            PartColumns = [.. parts.Select(part => part.Columns!)],
        };
    }
}
