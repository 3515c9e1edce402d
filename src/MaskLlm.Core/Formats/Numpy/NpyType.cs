namespace MaskLlm.Formats.Numpy;

/// <summary>The element types of a <c>.npy</c> file whose header can be read.</summary>
internal enum NpyType
{
    /// <summary>b1: a byte, 0 or 1.</summary>
    Bool,

    /// <summary>u1.</summary>
    UInt8,

    /// <summary>i1.</summary>
    Int8,

    /// <summary>u2.</summary>
    UInt16,

    /// <summary>i2.</summary>
    Int16,

    /// <summary>u4.</summary>
    UInt32,

    /// <summary>i4.</summary>
    Int32,

    /// <summary>u8.</summary>
    UInt64,

    /// <summary>i8.</summary>
    Int64,

    /// <summary>f2: IEEE half.</summary>
    Float16,

    /// <summary>f4.</summary>
    Float32,

    /// <summary>f8.</summary>
    Float64,
}
