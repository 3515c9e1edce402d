namespace MaskLlm.Products;

/// <summary>How a runtime stores weights.</summary>
public enum WeightType
{
    /// <summary>float32.</summary>
    Float32,

    /// <summary>bfloat16, the upper half of a float32.</summary>
    BFloat16,

    /// <summary>8-bit integers with a bfloat16 scale for each row and 64 columns.</summary>
    Int8,

    /// <summary>4-bit integers with a step and an offset for each row and 32 columns; embedding and head are <see cref="Int8"/>.</summary>
    Int4,
}
