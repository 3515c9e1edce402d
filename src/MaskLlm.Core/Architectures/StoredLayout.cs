using MaskLlm.Masks;

namespace MaskLlm.Architectures;

/// <summary>How a checkpoint stores a linear tensor that is (O, I) here.</summary>
/// <param name="IsTransposed">Whether inputs are the first dimension of each matrix.</param>
/// <param name="Parts">Matrices one after another: (parts, O / parts, I), or (parts, I, O / parts), where there are several.</param>
internal readonly record struct StoredLayout(bool IsTransposed, int Parts)
{
    /// <summary>The shape in the file of a tensor of so many rows and columns here.</summary>
    internal long[] ShapeOf(long rows, long columns)
    {
        long[] matrix = IsTransposed ? [columns, rows / Parts] : [rows / Parts, columns];
        return Parts == 1 ? matrix : [Parts, .. matrix];
    }

    /// <summary>The same as one matrix, as a file of masks has it.</summary>
    internal (int Rows, int Columns) MatrixOf(int rows, int columns) =>
        IsTransposed ? (Parts * columns, rows / Parts) : (rows, columns);

    /// <summary>A mask that a file has, as it is here; and the other way round.</summary>
    internal Mask Turn(Mask mask) => IsTransposed ? mask.Transpose(Parts) : mask;
}
