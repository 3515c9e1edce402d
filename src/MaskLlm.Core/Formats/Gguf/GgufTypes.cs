namespace MaskLlm.Formats.Gguf;

/// <summary>How llama.cpp spells the types of a GGUF file, and the bytes that they take.</summary>
public static class GgufTypes
{
    private const float LargestHalf = 65504;

    private static readonly (GgufType Type, string Spelling, int BlockValues, int BlockBytes, int FileType, float Largest)[] Rows =
    [
        (GgufType.Float32, "f32", 1, 4, 0, float.MaxValue),
        (GgufType.BFloat16, "bf16", 1, 2, 32, BitConverter.UInt32BitsToSingle(0x7F7F_0000)),
        (GgufType.Float16, "f16", 1, 2, 1, LargestHalf),
        (GgufType.Q8, "q8_0", BlockQ8.Values, BlockQ8.Bytes, 7, LargestHalf * BlockQ8.Levels),
        (GgufType.Q4, "q4_0", BlockQ4.Values, BlockQ4.Bytes, 2, LargestHalf * BlockQ4.Levels),
    ];

    /// <summary>All spellings, for messages.</summary>
    public static string Known => string.Join(", ", Rows.Select(row => row.Spelling));

    /// <summary>The spelling, such as <c>q8_0</c>.</summary>
    /// <param name="type">The type.</param>
    public static string Spelling(this GgufType type) => Of(type).Spelling;

    /// <summary>The type of a spelling.</summary>
    /// <param name="spelling">Such as <c>q8_0</c>.</param>
    /// <param name="type">The type; F32 where there is none of this spelling.</param>
    /// <returns>True where there is one.</returns>
    public static bool TryParse(string spelling, out GgufType type)
    {
        int row = Array.FindIndex(Rows, row => row.Spelling == spelling);
        type = Rows[Math.Max(row, 0)].Type;
        return row >= 0;
    }

    /// <summary>The values that share a scale; a row holds a multiple of them. 1 where there is no scale.</summary>
    internal static int BlockValues(this GgufType type) => Of(type).BlockValues;

    /// <summary>The bytes of a row, or of several one after another.</summary>
    internal static long ByteLength(this GgufType type, long values) => values / Of(type).BlockValues * Of(type).BlockBytes;

    /// <summary>The number of <c>general.file_type</c> for a file most of whose weights have this type.</summary>
    internal static int FileType(this GgufType type) => Of(type).FileType;

    /// <summary>The largest magnitude that does not become infinite.</summary>
    internal static float Largest(this GgufType type) => Of(type).Largest;

    private static (GgufType Type, string Spelling, int BlockValues, int BlockBytes, int FileType, float Largest) Of(GgufType type)
    {
        int row = Array.FindIndex(Rows, row => row.Type == type);
        return row >= 0 ? Rows[row] : throw new ArgumentException($"{type} is no type of a GGUF file; {Known} are.");
    }
}
