using System.Numerics.Tensors;
using System.Runtime.Intrinsics;

namespace MaskLlm.Products;

/// <summary>The grid on which some weights have the least squared error.</summary>
internal static class Int4Fit
{
    // Steps, each 1.6 to 3.1 percent more than the last, from the one that spans all values; and quarters of a level about the middle.
    private const int FewerSteps = 11, MoreSteps = 1, Zeros = 2;

    /// <summary>Searches grids near the one that spans the values and 0.</summary>
    /// <param name="values">At most 32.</param>
    /// <param name="importance">What the square of each one's error counts; empty: 1.</param>
    internal static Int4Grid Of(ReadOnlySpan<float> values, ReadOnlySpan<float> importance)
    {
        float low = Math.Min(0, TensorPrimitives.Min(values)), high = Math.Max(0, TensorPrimitives.Max(values));
        if (low == high) return default;
        Span<float> all = stackalloc float[Int4Grid.Columns], weights = stackalloc float[Int4Grid.Columns];
        all.Clear();
        weights.Clear();
        values.CopyTo(all);
        if (importance.IsEmpty) weights[..values.Length].Fill(1);
        else importance.CopyTo(weights);
        int full = Int4Grid.StepCodeOf((high - low) / Int4Grid.MostQ) + 1;
        (Int4Grid best, float least) = (default, float.PositiveInfinity);
        for (int code = Math.Max(0, full - FewerSteps); code <= Math.Min(full + MoreSteps, Int4Grid.StepCodes - 1); code++)
        {
            int middle = (int)MathF.Round(2 * Int4Grid.MostQ - (high + low) / (2 * new Int4Grid(code, 0).Step));
            for (int zero = middle - Zeros; zero <= middle + Zeros; zero++)
            {
                Int4Grid grid = new(code, Math.Clamp(zero, 0, Int4Grid.MostZero));
                float error = Error(all, weights, grid);
                if (error < least) (best, least) = (grid, error);
            }
        }
        return best;
    }

    private static float Error(ReadOnlySpan<float> values, ReadOnlySpan<float> importance, Int4Grid grid)
    {
        float distance = 4 * grid.Step, zero = grid.Zero / 4f;
        Vector256<float> inverse = Vector256.Create(1 / distance), offset = Vector256.Create(zero), scale = Vector256.Create(distance),
            most = Vector256.Create((float)Int4Grid.MostQ), sum = Vector256<float>.Zero;
        for (int i = 0; i < Int4Grid.Columns; i += Vector256<float>.Count)
        {
            Vector256<float> value = Vector256.Create(values[i..]);
            Vector256<float> q = Vector256.Min(Vector256.Max(Vector256.Round(value * inverse + offset), Vector256<float>.Zero), most);
            Vector256<float> difference = (q - offset) * scale - value;
            sum += difference * difference * Vector256.Create(importance[i..]);
        }
        return Vector256.Sum(sum);
    }
}
