using CsCheck;
using MaskLlm.Products;

namespace MaskLlm.Tests.Products;

/// <summary>The sixteen values of int4, and the search for them.</summary>
public class Int4GridTests
{
    private static readonly Gen<Int4Grid> Grids = Gen.UShort.Select(bits => new Int4Grid(bits));

    [Theory]
    [InlineData(0, 0, 1 / 67108864.0)]                  // 2^-26
    [InlineData(31, 5, 63 / 32.0 / 67108864)]
    [InlineData(32, 63, 2 / 67108864.0)]
    [InlineData(1023, 0, 63)]                           // 63 / 32 * 2^5
    public void Step_OfItsCode_IsAFloatOfFiveBits(int code, int zero, double step)
    {
        Int4Grid grid = new(code, zero);
        Assert.Equal((step, zero), (grid.Step, grid.Zero));
        Assert.Equal(code, Int4Grid.StepCodeOf(4 * grid.Step));
    }

    [Fact]
    public void Round_AnyValueOfAnyGrid_ComesBack() => Grids.Sample(grid =>
        Enumerable.Range(0, 16).All(q => grid.Round(grid.Value(q)) == q && grid.Value(q) == grid.Step * (4 * q - grid.Zero)));

    [Fact]
    public void Round_AnyValue_IsTheNearest() => Gen.Select(Grids, Gen.Float[-20, 80]).Sample((grid, place) =>
    {
        float value = place * grid.Step;
        float nearest = Enumerable.Range(0, 16).Min(q => Math.Abs(grid.Value(q) - value));
        return Math.Abs(grid.Value(grid.Round(value)) - value) <= nearest + 1e-5f * grid.Step;
    });

    /// <summary>What the search finds is at most a little worse than the best of all 65,536 grids.</summary>
    [Theory]
    [InlineData(32, false)]
    [InlineData(32, true)]
    [InlineData(16, true)]
    public void Of_NormalValues_IsNearTheBestGrid(int count, bool isWeighted)
    {
        Random random = new(count);
        double found = 0, least = 0;
        for (int trial = 0; trial < 4; trial++)
        {
            float[] values = [.. Enumerable.Range(0, count).Select(_ => 0.02f * Normal(random))];
            float[] importance = isWeighted ? [.. values.Select(_ => random.NextSingle())] : [];
            found += Error(values, importance, Int4Fit.Of(values, importance));
            least += Enumerable.Range(0, 1 << 16).Min(bits => Error(values, importance, new Int4Grid((ushort)bits)));
        }
        Assert.True(found <= 1.15 * least, $"{found / least} times the least error");
    }

    [Fact]
    public void Of_WeightedValues_FitsWhatCounts()
    {
        Random random = new(3);
        double weighted = 0, plain = 0;
        for (int trial = 0; trial < 50; trial++)
        {
            float[] values = [.. Enumerable.Range(0, 32).Select(_ => Normal(random))];
            float[] importance = [.. values.Select((_, i) => i % 4 == 0 ? 1f : 0.01f)];
            weighted += Error(values, importance, Int4Fit.Of(values, importance));
            plain += Error(values, importance, Int4Fit.Of(values, []));
        }
        Assert.True(weighted < 0.9 * plain, $"{weighted / plain} of the error without importance");
    }

    [Fact]
    public void Of_ZerosAndSingleValues_AreMet()
    {
        Assert.Equal(0, Int4Fit.Of(new float[32], []).Value(0));
        Assert.Equal(-0.3f, Nearest(-0.3f, Int4Fit.Of([-0.3f], [])), 0.3 / 60);
        Assert.Equal(0.3f, Nearest(0.3f, Int4Fit.Of([0.3f, 0.3f, 0.3f], [])), 0.3 / 60);
        // Below and above all steps.
        Assert.Equal(1e-12f, Nearest(1e-12f, Int4Fit.Of([1e-12f], [])), 1e-6);
        Assert.Equal(Int4Grid.Largest, Nearest(Int4Grid.Largest, Int4Fit.Of([Int4Grid.Largest], [])), Int4Grid.Largest / 60);
    }

    private static float Nearest(float value, Int4Grid grid) => grid.Value(grid.Round(value));

    private static double Error(float[] values, float[] importance, Int4Grid grid) => values.Select((value, i) =>
        (importance.Length == 0 ? 1 : importance[i]) * Math.Pow(Nearest(value, grid) - value, 2)).Sum();

    private static float Normal(Random random) =>
        (float)(Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble()));
}
