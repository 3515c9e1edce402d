namespace MaskLlm.Formats.Safetensors;

/// <summary>Spelling and width of the element types.</summary>
internal static class TensorTypes
{
    private static readonly (TensorType Type, string Spelling, int Width)[] All =
    [
        (TensorType.Float64, "F64", 8), (TensorType.Float32, "F32", 4), (TensorType.Float16, "F16", 2), (TensorType.BFloat16, "BF16", 2),
        (TensorType.Float8E4M3, "F8_E4M3", 1), (TensorType.Float8E5M2, "F8_E5M2", 1),
        (TensorType.Int64, "I64", 8), (TensorType.Int32, "I32", 4), (TensorType.Int16, "I16", 2), (TensorType.Int8, "I8", 1),
        (TensorType.UInt64, "U64", 8), (TensorType.UInt32, "U32", 4), (TensorType.UInt16, "U16", 2), (TensorType.UInt8, "U8", 1),
        (TensorType.Bool, "BOOL", 1),
    ];

    internal static int Width(this TensorType type) => Array.Find(All, entry => entry.Type == type).Width;

    internal static string Spelling(this TensorType type) => Array.Find(All, entry => entry.Type == type).Spelling;

    internal static bool TryParse(string? spelling, out TensorType type)
    {
        int index = Array.FindIndex(All, entry => entry.Spelling == spelling);
        type = index < 0 ? default : All[index].Type;
        return index >= 0;
    }
}
