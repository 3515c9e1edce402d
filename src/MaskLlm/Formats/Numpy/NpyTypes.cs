namespace MaskLlm.Formats.Numpy;

/// <summary>How NumPy spells its element types, and the .NET types that read them.</summary>
internal static class NpyTypes
{
    // In the order of the enumeration; the byte order (| or <) comes before these two letters.
    private static readonly (string Code, Type Element)[] Rows =
    [
        ("b1", typeof(bool)), ("u1", typeof(byte)), ("i1", typeof(sbyte)), ("u2", typeof(ushort)), ("i2", typeof(short)),
        ("u4", typeof(uint)), ("i4", typeof(int)), ("u8", typeof(ulong)), ("i8", typeof(long)),
        ("f2", typeof(Half)), ("f4", typeof(float)), ("f8", typeof(double)),
    ];

    /// <summary>All codes, for messages.</summary>
    internal static string Known => string.Join(", ", Rows.Select(row => row.Code));

    /// <summary>The bytes of one element.</summary>
    internal static int ByteWidth(this NpyType type) => Rows[(int)type].Code[1] - '0';

    /// <summary>NumPy's spelling, such as <c>&lt;i4</c>.</summary>
    internal static string Spelling(this NpyType type) => (type.ByteWidth() == 1 ? '|' : '<') + Rows[(int)type].Code;

    /// <summary>The .NET type of an element.</summary>
    internal static Type Element(this NpyType type) => Rows[(int)type].Element;

    /// <summary>The type that holds elements of a .NET type.</summary>
    internal static NpyType Of<T>() => (NpyType)Array.FindIndex(Rows, row => row.Element == typeof(T));

    /// <summary>The little-endian type of a spelling, or false where it is none of ours.</summary>
    internal static bool TryParse(string spelling, out NpyType type)
    {
        type = default;
        if (spelling.Length != 3 || spelling[0] is not ('|' or '<')) return false;
        int index = Array.FindIndex(Rows, row => spelling.AsSpan(1).SequenceEqual(row.Code));
        type = (NpyType)Math.Max(index, 0);
        return index >= 0;
    }
}
