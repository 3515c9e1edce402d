namespace MaskLlm.Architectures;

/// <summary>In which order a tensor's rows and columns are taken, as the checkpoint stores them; a vector has columns alone.</summary>
/// <param name="Rows">The old row at each new place; null where they stay.</param>
/// <param name="Columns">The same of columns.</param>
internal sealed record TensorOrder(int[]? Rows, int[]? Columns)
{
    internal TensorOrder Transposed => new(Columns, Rows);
}
