using System.Numerics.Tensors;
using MaskLlm.Numerals;

namespace MaskLlm.Products;

/// <summary>The scale of a row's values in a panel, w = scale q.</summary>
internal static class IntegerScale
{
    private const int Tries = 9;
    private const float Step = 0.025f;

    /// <summary>|q| at most 127: the largest value is met.</summary>
    internal static float OfInt8(ReadOnlySpan<float> values) => Math.Abs(TensorPrimitives.MaxMagnitude(values)) / 127;

    /// <summary>q from -8 to 7: near the scale that puts the largest value on -8, the one with the least squared error.</summary>
    internal static float OfInt4(ReadOnlySpan<float> values)
    {
        float full = TensorPrimitives.MaxMagnitude(values) / -8, best = full;
        double least = double.MaxValue;
        for (int i = 0; i < Tries; i++)
        {
            float scale = BFloat16Bits.Widen(BFloat16Bits.Narrow(full * (1 + (i - Tries / 2) * Step)));
            double error = SquaredError(values, scale);
            if (error < least) (least, best) = (error, scale);
        }
        return best;
    }

    /// <summary>The integer of a value.</summary>
    internal static int Round(float value, float scale, WeightType type)
    {
        if (scale == 0) return 0;
        int q = (int)MathF.Round(value / scale);
        return type == WeightType.Int8 ? Math.Clamp(q, -127, 127) : Math.Clamp(q, -8, 7);
    }

    private static double SquaredError(ReadOnlySpan<float> values, float scale)
    {
        double sum = 0;
        foreach (float value in values)
        {
            double difference = value - scale * Round(value, scale, WeightType.Int4);
            sum += difference * difference;
        }
        return sum;
    }
}
