using CsCheck;
using MaskLlm.Products;

namespace MaskLlm.Tests.Products;

/// <summary>Every product kernel that the processor has against the scalar one, and that one against the formula.</summary>
public unsafe class ProductKernelTests
{
    private static readonly ScalarProductKernel Scalar = new();

    private static readonly Gen<(int Rows, int Columns, int Tokens, WeightType Type, bool IsSparse, int Seed)> Shapes = Gen.Select(
        Gen.Int[1, 70], Gen.Int[1, 70].Select(groups => 4 * groups), Gen.OneOf(Gen.Int[1, 11], Gen.Int[60, 140]), Gen.Enum<WeightType>(),
            Gen.Bool, Gen.Int);

    public static TheoryData<string> Names => [.. ProductKernels.Available.Select(kernel => kernel.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void Multiply_AnyShape_EqualsTheScalarKernel(string name)
    {
        IProductKernel kernel = ProductKernels.Choose(name);
        Shapes.Sample(
            shape =>
            {
                using PackedWeights weights = PackedWeights.Random(shape.Rows, shape.Columns, shape.Type, shape.IsSparse, shape.Seed);
                float[] x = Activations(shape.Columns, shape.Tokens, shape.Seed);
                float[] expected = Multiply(Scalar, weights.Matrix, x, shape.Tokens),
                    found = Multiply(kernel, weights.Matrix, x, shape.Tokens);
                // Integer sums are exact and their scales are multiplied in one order.
                double tolerance = PackedLayout.IsInteger(shape.Type) ? 0 : 1e-5 * expected.Max(Math.Abs) + 1e-6;
                for (int i = 0; i < expected.Length; i++) Assert.Equal(expected[i], found[i], tolerance);
            },
            iter: 400);
    }

    [Theory]
    [InlineData(WeightType.Float32, 1e-6)]
    [InlineData(WeightType.BFloat16, 1e-6)]
    [InlineData(WeightType.Int8, 2e-2)]
    [InlineData(WeightType.Int4, 2e-2)]
    public void Multiply_Scalar_IsTheProductWithTheUnpackedWeights(WeightType type, double tolerance)
    {
        foreach (bool isSparse in new[] { false, true })
        {
            using PackedWeights weights = PackedWeights.Random(37, 200, type, isSparse, 5);
            float[] x = Activations(200, 3, 6), found = Multiply(Scalar, weights.Matrix, x, 3), row = new float[200];
            for (int r = 0; r < 37; r++)
            {
                PanelUnpacking.Row(weights.Matrix, r, row);
                for (int token = 0; token < 3; token++)
                {
                    double expected = row.Select((w, c) => (double)w * x[token * PackedLayout.Padded(200) + c]).Sum();
                    Assert.Equal(expected, found[token * PackedLayout.Padded(37) + r], tolerance * Math.Sqrt(200) / 4);
                }
            }
        }
    }

    private static float[] Activations(int columns, int tokens, int seed)
    {
        Random random = new(seed);
        float[] x = new float[tokens * PackedLayout.Padded(columns)];
        for (int token = 0; token < tokens; token++)
            for (int c = 0; c < columns; c++) x[token * PackedLayout.Padded(columns) + c] = (float)(random.NextDouble() - 0.5);
        return x;
    }

    // Only the tokens that were asked for: a kernel may write the rest of its last tile.
    private static float[] Multiply(IProductKernel kernel, PackedMatrix weights, float[] x, int tokens)
    {
        int columns = PackedLayout.Padded(weights.Columns), stride = PackedLayout.Padded(weights.Rows), filled = (tokens + 3) / 4 * 4;
        float[] values = new float[filled * columns], scales = new float[filled * weights.Panels], output = new float[filled * stride];
        sbyte[] bytes = new sbyte[filled * columns];
        fixed (float* valuesAt = values, scalesAt = scales, outputAt = output)
        fixed (sbyte* bytesAt = bytes)
        {
            ProductInput input = new(tokens, columns, isWide: !PackedLayout.IsInteger(weights.Type)
                && weights.Rows % 2 == 0)
            { Values = valuesAt, Bytes = bytesAt, Scales = scalesAt };
            for (int token = 0; token < tokens; token++)
            {
                InputPacking.Copy(x.AsSpan(token * columns, columns), input, token);
                InputPacking.Quantise(x.AsSpan(token * columns, columns), input, token);
            }
            int middle = weights.Blocks / 2;
            kernel.Multiply(weights, 0, middle, input, outputAt, stride);
            kernel.Multiply(weights, middle, weights.Blocks, input, outputAt, stride);
        }
        return output[..(tokens * stride)];
    }
}
