using MaskLlm.Products;

namespace MaskLlm.Tests.Products;

/// <summary>What is packed comes out again.</summary>
public class PanelPackingTests
{
    [Theory]
    [InlineData(WeightType.Float32, true, 0)]
    [InlineData(WeightType.Float32, false, 0)]
    [InlineData(WeightType.BFloat16, true, 1.0 / 256)]
    [InlineData(WeightType.BFloat16, false, 1.0 / 256)]
    [InlineData(WeightType.Int8, true, 0.5 / 127 * 1.02)]
    [InlineData(WeightType.Int8, false, 0.5 / 127 * 1.02)]
    [InlineData(WeightType.Int4, true, 2.2 / 15)]
    [InlineData(WeightType.Int4, false, 2.2 / 15)]
    public void Row_OfPackedWeights_IsTheSourceWithinTheTypesRounding(WeightType type, bool isSparse, double relative)
    {
        foreach ((int rows, int columns) in new[] { (16, 64), (1, 4), (19, 132), (48, 256) })
        {
            using PackedWeights weights = PackedWeights.Random(rows, columns, type, isSparse, rows + columns);
            float[] row = new float[columns];
            for (int r = 0; r < rows; r++)
            {
                PanelUnpacking.Row(weights.Matrix, r, row);
                for (int c = 0; c < columns; c++)
                {
                    bool pruned = isSparse && weights.Kept[r * columns + c] == 0;
                    // Relative to the largest a weight of these can be, 0.5; a pruned one is 0 exactly.
                    Assert.True(Math.Abs(row[c] - (pruned ? 0 : weights.Values[r * columns + c])) <= (pruned ? 0 : relative * 0.5),
                        $"{rows} x {columns}: row {r}, column {c}");
                }
            }
        }
    }

    [Theory]
    [InlineData(WeightType.Float32, 17.0 / 32)]
    [InlineData(WeightType.BFloat16, 9.0 / 16)]
    [InlineData(WeightType.Int8, 672.0 / 1056)]
    [InlineData(WeightType.Int4, 448.0 / 576)]
    public void PanelBytes_Sparse_AreHalfTheValuesAndFourBitsAGroup(WeightType type, double ratio) =>
        Assert.Equal(ratio, (double)PackedLayout.PanelBytes(type, isSparse: true) / PackedLayout.PanelBytes(type, isSparse: false), 12);

    [Fact]
    public void Row_OfZeroWeights_IsZero()
    {
        foreach (WeightType type in Enum.GetValues<WeightType>())
        {
            byte[] block = new byte[PackedLayout.PanelBytes(type, isSparse: false)];
            PanelPacking.Pack(new float[64], [], 64, type, [], block);
            float[] row = [.. Enumerable.Repeat(1f, 64)];
            unsafe
            {
                fixed (byte* data = block) PanelUnpacking.Row(new PackedMatrix(1, 64, type, false) { Data = data }, 0, row);
            }
            Assert.All(row, value => Assert.Equal(0f, value));
        }
    }
}
