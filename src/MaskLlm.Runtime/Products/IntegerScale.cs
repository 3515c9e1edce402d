using System.Numerics.Tensors;

namespace MaskLlm.Products;

/// <summary>The scale of a row's int8 values in a panel, w = scale q, |q| at most 127: the largest value is met.</summary>
internal static class IntegerScale
{
    internal static float Of(ReadOnlySpan<float> values) => Math.Abs(TensorPrimitives.MaxMagnitude(values)) / 127;

    /// <summary>The integer of a value.</summary>
    internal static int Round(float value, float scale) => scale == 0 ? 0 : Math.Clamp((int)MathF.Round(value / scale), -127, 127);
}
