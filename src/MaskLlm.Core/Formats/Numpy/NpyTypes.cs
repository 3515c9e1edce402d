namespace MaskLlm.Formats.Numpy;

/// <summary>How NumPy spells its element types, and how wide they are.</summary>
internal static class NpyTypes
{
    // In the order of the enumeration; the byte order (| or <) comes before these two letters.
    private static readonly string[] Codes = ["b1", "u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "f2", "f4", "f8"];

    /// <summary>All codes, for messages.</summary>
    internal static string Known => string.Join(", ", Codes);

    /// <summary>The bytes of one element.</summary>
    internal static int ByteWidth(this NpyType type) => Codes[(int)type][1] - '0';

    /// <summary>NumPy's spelling, such as <c>&lt;i4</c>.</summary>
    internal static string Spelling(this NpyType type) => (type.ByteWidth() == 1 ? '|' : '<') + Codes[(int)type];

    /// <summary>The little-endian type of a spelling, or false where it is none of ours.</summary>
    internal static bool TryParse(string spelling, out NpyType type)
    {
        int index = spelling is ['|' or '<', ..] ? Array.IndexOf(Codes, spelling[1..]) : -1;
        type = (NpyType)Math.Max(index, 0);
        // Only a single byte has no order.
        return index >= 0 && (spelling[0] == '<' || type.ByteWidth() == 1);
    }
}
