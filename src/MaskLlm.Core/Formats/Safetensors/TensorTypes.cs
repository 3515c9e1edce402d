namespace MaskLlm.Formats.Safetensors;

/// <summary>How safetensors spells its element types, and how wide they are.</summary>
public static class TensorTypes
{
    // In the order of the enumeration.
    private static readonly (string Spelling, int Width)[] Rows =
    [
        ("BOOL", 1), ("U8", 1), ("I8", 1), ("F8_E4M3", 1), ("F8_E5M2", 1), ("F8_E8M0", 1),
        ("I16", 2), ("U16", 2), ("F16", 2), ("BF16", 2),
        ("I32", 4), ("U32", 4), ("F32", 4),
        ("I64", 8), ("U64", 8), ("F64", 8), ("C64", 8),
    ];

    /// <summary>The spelling in the file, such as <c>BF16</c>.</summary>
    /// <param name="type">The element type.</param>
    public static string Spelling(this TensorType type) => Rows[(int)type].Spelling;

    /// <summary>The bytes of one element.</summary>
    /// <param name="type">The element type.</param>
    public static int ByteWidth(this TensorType type) => Rows[(int)type].Width;

    /// <summary>All spellings, for messages.</summary>
    internal static string Known => string.Join(", ", Rows.Select(row => row.Spelling));

    /// <summary>The type of a spelling, or false where it is none of ours.</summary>
    internal static bool TryParse(string spelling, out TensorType type)
    {
        int index = Array.FindIndex(Rows, row => row.Spelling == spelling);
        type = (TensorType)Math.Max(index, 0);
        return index >= 0;
    }

    /// <summary>The bytes of a tensor with dimensions from 0.</summary>
    internal static Int128 ByteLength(TensorType type, IReadOnlyList<long> shape) => ArraySize.Bytes(type.ByteWidth(), shape);
}
