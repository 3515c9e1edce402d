using MaskLlm.Masks;
using MaskLlm.Models;
using MaskLlm.Packing;
using MaskLlm.Priors;
using MaskLlm.Products;
using TorchSharp;
using static TorchSharp.torch;

namespace MaskLlm.Tests.Priors;

/// <summary>Layers rounded to int4, against one column after another in float64 and against each weight by itself.</summary>
[Collection(TorchTests.Name)]
public sealed class Int4RoundingTests
{
    private const int Rows = 24;

    /// <summary>Columns beyond a block of 128, a block and a grid that are not full.</summary>
    [Theory]
    [InlineData(64, false)]
    [InlineData(128, true)]
    [InlineData(300, false)]
    [InlineData(300, true)]
    public void Round_CorrelatedInputs_ChangesOutputsAsLittleAsColumnByColumn(int columns, bool isMasked)
    {
        using DisposeScope scope = NewDisposeScope();
        (Tensor weight, Tensor hessian) = Layer(columns);
        Dictionary<string, Mask> masks = isMasked ? new() { ["w"] = Largest(weight) } : [];
        Int4Rounding rounding = new(masks);
        (Mask kept, Tensor rounded) = rounding.Round("w", 0, weight, hessian.clone());
        Tensor stays = MaskTensors.ToTensor(kept, CPU), masked = weight * stays;
        Assert.Equal(isMasked ? Rows * columns / 2 : Rows * columns, stays.sum().item<float>());
        double found = Change(rounded, masked, hessian), nearest = Change(Nearest(masked, stays), masked, hessian);
        Assert.True(found < 0.8 * nearest, $"{found / nearest} of rounding each weight by itself");
        Assert.Equal(1, found / Change(ColumnByColumn(masked, stays, hessian), masked, hessian), 0.02);
        Assert.Equal(0, (rounded * (1 - stays)).abs().max().item<float>());
        AssertHolds(rounding.Rounded["w"], rounded, stays);
    }

    [Fact]
    public void Round_InputsThatAreAlwaysZero_LeavesTheOthersAlone()
    {
        using DisposeScope scope = NewDisposeScope();
        (Tensor weight, Tensor hessian) = Layer(64);
        hessian.narrow(0, 3, 2).zero_();
        hessian.narrow(1, 3, 2).zero_();
        (_, Tensor rounded) = new Int4Rounding(new Dictionary<string, Mask>()).Round("w", 0, weight, hessian.clone());
        Assert.True(rounded.isfinite().all().item<bool>());
        Assert.True(Change(rounded, weight, hessian) < Change(Nearest(weight, ones_like(weight)), weight, hessian));
    }

    // Inputs that lie near a space of a fourth of the columns.
    private static (Tensor Weight, Tensor Hessian) Layer(int columns)
    {
        using Generator random = new((ulong)columns);
        Tensor x = randn([600, columns / 4], generator: random).matmul(randn([columns / 4, columns], generator: random))
            + 0.3 * randn([600, columns], generator: random);
        return (0.02 * randn([Rows, columns], generator: random), x.t().matmul(x) / 600);
    }

    private static Mask Largest(Tensor weight) => LargestOfGroup.Keep("w", weight.abs(), MaskLlm.Patterns.NmPattern.TwoOfFour);

    private static double Change(Tensor rounded, Tensor weight, Tensor hessian)
    {
        Tensor difference = (rounded - weight).to(ScalarType.Float64);
        return (difference.matmul(hessian.to(ScalarType.Float64)) * difference).sum().item<double>();
    }

    private static Tensor Nearest(Tensor weight, Tensor kept)
    {
        float[] values = weight.data<float>().ToArray(), stays = kept.data<float>().ToArray();
        int columns = (int)weight.size(1);
        for (int row = 0; row < Rows; row++)
            for (int start = 0; start < columns; start += Int4Grid.Columns)
            {
                int count = Math.Min(Int4Grid.Columns, columns - start);
                int[] own = [.. Enumerable.Range(row * columns + start, count).Where(i => stays[i] != 0)];
                Int4Grid grid = Int4Fit.Of([.. own.Select(i => values[i])], []);
                foreach (int i in own) values[i] = grid.Value(grid.Round(values[i]));
            }
        return tensor(values, weight.shape);
    }

    private static Tensor ColumnByColumn(Tensor weight, Tensor kept, Tensor hessian)
    {
        int columns = (int)weight.size(1);
        Tensor damped = hessian.to(ScalarType.Float64).clone();
        damped.diagonal().add_(0.01 * damped.diagonal().mean());
        double[,] factor = new double[columns, columns];
        Tensor upper = linalg.cholesky(linalg.inv(damped)).t().contiguous();
        for (int i = 0; i < columns; i++)
            for (int j = i; j < columns; j++) factor[i, j] = upper[i, j].item<double>();
        float[] values = weight.data<float>().ToArray(), stays = kept.data<float>().ToArray();
        for (int row = 0; row < Rows; row++)
        {
            double[] left = [.. Enumerable.Range(0, columns).Select(i => (double)values[row * columns + i])];
            Int4Grid grid = default;
            for (int column = 0; column < columns; column++)
            {
                if (column % Int4Grid.Columns == 0)
                {
                    int[] own = [.. Enumerable.Range(column, Math.Min(Int4Grid.Columns, columns - column))
                        .Where(i => stays[row * columns + i] != 0)];
                    grid = Int4Fit.Of([.. own.Select(i => (float)left[i])],
                        [.. own.Select(i => (float)(1 / (factor[i, i] * factor[i, i])))]);
                }
                float value = stays[row * columns + column] == 0 ? 0 : grid.Value(grid.Round((float)left[column]));
                double error = (left[column] - value) / factor[column, column];
                for (int later = column; later < columns; later++) left[later] -= error * factor[column, later];
                values[row * columns + column] = value;
            }
        }
        return tensor(values, weight.shape);
    }

    private static void AssertHolds(RoundedTensor stored, Tensor rounded, Tensor kept)
    {
        int columns = (int)rounded.size(1);
        float[] row = new float[columns], values = rounded.data<float>().ToArray(), stays = kept.data<float>().ToArray();
        Int4Grid[] grids = new Int4Grid[RoundedTensor.GridsOf(columns)];
        for (int r = 0; r < Rows; r++)
        {
            stored.Read(r, row, grids);
            for (int i = 0; i < columns; i++)
                if (stays[r * columns + i] != 0) Assert.Equal(values[r * columns + i], row[i]);
        }
    }
}
