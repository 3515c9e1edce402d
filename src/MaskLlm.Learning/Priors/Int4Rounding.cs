using MaskLlm.Masks;
using MaskLlm.Models;
using MaskLlm.Packing;
using MaskLlm.Products;
using TorchSharp;
using static TorchSharp.torch;
using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace MaskLlm.Priors;

/// <summary>Rounds layers to int4 a column at a time: what rounding a weight changes goes into the weights of later columns (GPTQ, Frantar
/// et al. 2022, arXiv 2210.17323), of which pruned ones pass it on and stay 0, as in SparseGPT.</summary>
/// <param name="masks">Of layers that are packed 2:4, by the checkpoint's names; others are dense.</param>
internal sealed class Int4Rounding(IReadOnlyDictionary<string, Mask> masks)
{
    // Columns whose changes are passed on one by one; those behind them get the sum.
    private const int BlockColumns = 4 * Int4Grid.Columns;

    private readonly Dictionary<string, RoundedTensor> _rounded = new(StringComparer.Ordinal);

    /// <summary>What is rounded so far.</summary>
    internal IReadOnlyDictionary<string, RoundedTensor> Rounded => _rounded;

    /// <summary>Rounds one layer, or the next of its matrices.</summary>
    /// <param name="layer">Its name.</param>
    /// <param name="part">Which of its matrices.</param>
    /// <param name="weight">(O, I) float32, left as it is.</param>
    /// <param name="hessian">H, (I, I) float32; its diagonal is changed.</param>
    /// <returns>What is kept, and the rounded weight, (O, I) float32, of the caller's scope.</returns>
    /// <exception cref="InvalidDataException">The inputs are not finite, or a weight is larger than int4 has.</exception>
    internal (Mask Mask, Tensor Weight) Round(string layer, int part, Tensor weight, Tensor hessian)
    {
        using IDisposable noGradient = no_grad();
        using DisposeScope scope = NewDisposeScope();
        (int rows, int columns) = ((int)weight.size(0), (int)weight.size(1));
        Tensor dead = hessian.diagonal().logical_not();
        Tensor inverse = InverseFactor.Of(layer, hessian, dead);
        Mask? mask = masks.GetValueOrDefault(layer)?.RowsFrom(part * rows, rows);
        Tensor kept = mask is not null ? MaskTensors.ToTensor(mask, CPU) : ones(rows, columns);
        Tensor left = weight.cpu() * kept;
        byte[] codes = new byte[rows * columns];
        Int4Grid[] grids = new Int4Grid[rows * RoundedTensor.GridsOf(columns)];
        for (int start = 0; start < columns; start += BlockColumns)
        {
            using DisposeScope blockScope = NewDisposeScope();
            int end = Math.Min(columns, start + BlockColumns), count = end - start;
            Tensor block = left.narrow(1, start, count).contiguous(), errors = zeros(rows, count);
            Tensor own = inverse.narrow(0, start, count).cpu();
            RoundBlock(block, kept.narrow(1, start, count).contiguous(), own.narrow(1, start, count).contiguous(), errors, columns, start,
                codes, grids);
            left.narrow(1, start, count).copy_(block);
            if (end < columns) left.narrow(1, end, columns - end).sub_(errors.matmul(own.narrow(1, end, columns - end)));
        }
        _rounded[layer] = part == 0 ? new(columns, codes, grids) : _rounded[layer].Above(codes, grids);
        return (mask ?? MaskTensors.FromTensor(kept), left.to(weight.device).MoveToOuterDisposeScope());
    }

    // Rows know nothing of each other.
    private static unsafe void RoundBlock(Tensor block, Tensor kept, Tensor inverse, Tensor errors, int columns, int start, byte[] codes,
        Int4Grid[] grids)
    {
        int count = (int)block.size(1), gridsOfRow = RoundedTensor.GridsOf(columns);
        fixed (float* blockAt = TensorBytes.Floats(block), keptAt = TensorBytes.Floats(kept), inverseAt = TensorBytes.Floats(inverse),
            errorsAt = TensorBytes.Floats(errors))
        {
            float* values = blockAt, stays = keptAt, factor = inverseAt, changes = errorsAt;
            Parallel.For(0, (int)block.size(0), row => RoundRow(
                new Span<float>(values + (long)row * count, count), new ReadOnlySpan<float>(stays + (long)row * count, count),
                new ReadOnlySpan<float>(factor, count * count), new Span<float>(changes + (long)row * count, count),
                codes.AsSpan(row * columns + start, count), grids.AsSpan(row * gridsOfRow + start / Int4Grid.Columns)));
        }
    }

    private static void RoundRow(Span<float> row, ReadOnlySpan<float> kept, ReadOnlySpan<float> inverse, Span<float> errors,
        Span<byte> codes, Span<Int4Grid> grids)
    {
        Int4Grid grid = default;
        for (int column = 0; column < row.Length; column++)
        {
            ReadOnlySpan<float> later = inverse.Slice(column * row.Length + column, row.Length - column);
            if (column % Int4Grid.Columns == 0) grids[column / Int4Grid.Columns] = grid = Fit(row, kept, inverse, column);
            float value = 0;
            if (kept[column] != 0)
            {
                int q = grid.Round(row[column]);
                codes[column] = (byte)q;
                value = grid.Value(q);
            }
            float error = errors[column] = (row[column] - value) / later[0];
            TensorPrimitives.MultiplyAdd(later, -error, row[column..], row[column..]);
            row[column] = value;
        }
    }

    // The grid for the weights as they are now; an error costs what later weights cannot make up for.
    private static Int4Grid Fit(ReadOnlySpan<float> row, ReadOnlySpan<float> kept, ReadOnlySpan<float> inverse, int column)
    {
        Span<float> values = stackalloc float[Int4Grid.Columns], importance = stackalloc float[Int4Grid.Columns];
        int count = 0;
        for (int i = column; i < Math.Min(row.Length, column + Int4Grid.Columns); i++)
        {
            if (kept[i] == 0) continue;
            float own = inverse[i * row.Length + i];
            (values[count], importance[count++]) = (row[i], 1 / (own * own));
        }
        return count == 0 ? default : Int4Fit.Of(values[..count], importance[..count]);
    }
}
