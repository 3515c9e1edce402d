using System.Numerics;
using System.Runtime.InteropServices;

namespace MaskLlm.Formats.Safetensors;

/// <summary>Floating-point numbers as they lie in a file.</summary>
internal static class FloatBits
{
    /// <summary>Whether no value is NaN or infinite; true of types that have neither.</summary>
    /// <param name="values">Whole little-endian values.</param>
    /// <param name="type">Their type.</param>
    internal static bool AreFinite(ReadOnlySpan<byte> values, TensorType type) => type switch
    {
        TensorType.Float16 => AreFinite<ushort>(values, 0x7C00),
        TensorType.BFloat16 => AreFinite<ushort>(values, 0x7F80),
        TensorType.Float32 or TensorType.Complex64 => AreFinite<uint>(values, 0x7F80_0000),
        TensorType.Float64 => AreFinite<ulong>(values, 0x7FF0_0000_0000_0000),
        TensorType.Float8E5M2 => AreFinite<byte>(values, 0x7C),
        // The only NaN of a type without infinity.
        TensorType.Float8E4M3 => AreFinite<byte>(values, 0x7F),
        _ => true,
    };

    // An exponent of ones.
    private static bool AreFinite<T>(ReadOnlySpan<byte> values, T exponent)
        where T : unmanaged, IBinaryInteger<T>
    {
        foreach (T value in MemoryMarshal.Cast<byte, T>(values))
            if ((value & exponent) == exponent) return false;
        return true;
    }
}
