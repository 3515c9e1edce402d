using MaskLlm.Architectures;

namespace MaskLlm.Packing.Gguf;

/// <summary>A tensor of the file: rows of the checkpoint's, one after another.</summary>
/// <param name="Name">In the file.</param>
/// <param name="Columns">Values of a row; null for a vector, whose rows are its values.</param>
/// <param name="Rows">Where they are.</param>
internal sealed record GgufPart(string Name, int? Columns, IReadOnlyList<GgufRows> Rows)
{
    /// <summary>Whether the file has the values plus one: llama.cpp multiplies by them as they are.</summary>
    internal bool AddsOne { get; init; }

    /// <summary>Whether it is never made narrower: vectors, and what llama.cpp's own tools keep so.</summary>
    internal bool IsExact { get; init; } = Columns is null;

    /// <summary>Matrices or vectors that lie one after another; null for one.</summary>
    internal int? Experts { get; init; }

    internal int Count => Rows.Sum(rows => rows.Count);

    internal IReadOnlyList<long> Shape
    {
        get
        {
            long[] own = Columns is { } columns ? [columns] : [];
            return Experts is { } experts ? [experts, Count / experts, .. own] : [Count, .. own];
        }
    }
}

/// <summary>Rows of one tensor of the checkpoint that follow each other in the file.</summary>
/// <param name="Tensor">Its name.</param>
/// <param name="IsTransposed">Whether the checkpoint stores a row as a column.</param>
/// <param name="Count">How many.</param>
/// <param name="Source">The tensor's row of one of them.</param>
internal sealed record GgufRows(string Tensor, bool IsTransposed, int Count, Func<int, int> Source)
{
    /// <summary>A matrix or a vector as it is.</summary>
    internal static GgufRows Of(string tensor, int rows) => new(tensor, false, rows, row => row);

    /// <summary>The weight of one matrix of a block.</summary>
    /// <param name="slice">The matrix.</param>
    /// <param name="order">The matrix's row of one of the file.</param>
    internal static GgufRows WeightOf(LinearSlice slice, Func<int, int> order) =>
        new(slice.Tensor.Name, slice.Tensor.IsTransposed, slice.Rows, row => slice.TensorRow(order(row)));

    /// <summary>The same of its bias.</summary>
    internal static GgufRows BiasOf(LinearSlice slice, Func<int, int> order) =>
        new(slice.Tensor.Bias!, false, slice.Rows, row => slice.TensorRow(order(row)));
}
