using System.Diagnostics.CodeAnalysis;

namespace MaskLlm.Formats.Safetensors;

/// <summary>The element types of a safetensors file, as far as whole bytes hold an element.</summary>
[SuppressMessage("Naming", "CA1720:Identifier contains type name", Justification = "They are type names.")]
public enum TensorType
{
    /// <summary>BOOL: a byte, 0 or 1.</summary>
    Bool,

    /// <summary>U8.</summary>
    UInt8,

    /// <summary>I8.</summary>
    Int8,

    /// <summary>F8_E4M3: 4 exponent and 3 fraction bits.</summary>
    Float8E4M3,

    /// <summary>F8_E5M2: 5 exponent and 2 fraction bits.</summary>
    Float8E5M2,

    /// <summary>F8_E8M0: a power of two, used as a scale.</summary>
    Float8E8M0,

    /// <summary>I16.</summary>
    Int16,

    /// <summary>U16.</summary>
    UInt16,

    /// <summary>F16: IEEE half.</summary>
    Float16,

    /// <summary>BF16: the upper half of a float32.</summary>
    BFloat16,

    /// <summary>I32.</summary>
    Int32,

    /// <summary>U32.</summary>
    UInt32,

    /// <summary>F32.</summary>
    Float32,

    /// <summary>I64.</summary>
    Int64,

    /// <summary>U64.</summary>
    UInt64,

    /// <summary>F64.</summary>
    Float64,

    /// <summary>C64: two float32.</summary>
    Complex64,
}
