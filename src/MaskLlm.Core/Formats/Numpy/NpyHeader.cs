using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using MaskLlm.Numerals;

namespace MaskLlm.Formats.Numpy;

/// <summary>The header of a <c>.npy</c> file, versions 1 to 3.</summary>
/// <param name="Type">The element type.</param>
/// <param name="Shape">The dimensions, row-major, each at least 0; empty for a scalar.</param>
/// <param name="DataOffset">Where the elements begin, in bytes from the start.</param>
internal sealed partial record NpyHeader(NpyType Type, IReadOnlyList<long> Shape, int DataOffset)
{
    /// <summary>More bytes than any header that is read may have, its start included.</summary>
    internal const int LargestBytes = 1 << 17;

    private const int MagicBytes = 6;
    private const int Alignment = 64;

    // numpy leaves room for a first dimension that grows to this many digits.
    private const int RoomForDigits = 21;

    private static ReadOnlySpan<byte> Magic => [0x93, (byte)'N', (byte)'U', (byte)'M', (byte)'P', (byte)'Y'];

    /// <summary>Reads a header, and of the file not a byte more; the shape may claim anything until <see cref="CheckLength"/>.</summary>
    /// <param name="name">The file, for messages.</param>
    /// <param name="fill">Fills a buffer with the next bytes; gives how many, fewer only at the end of the file.</param>
    /// <exception cref="InvalidDataException">The header is cut off or is none of a <c>.npy</c> file.</exception>
    /// <exception cref="NotSupportedException">The array is big-endian, in Fortran order or of another type.</exception>
    internal static NpyHeader Read(string name, Func<Span<byte>, int> fill)
    {
        Span<byte> start = stackalloc byte[MagicBytes + 2];
        if (fill(start) < start.Length || !start.StartsWith(Magic)) throw Broken(name, "it does not begin as one, with \\x93NUMPY");
        int version = start[MagicBytes];
        if (version is < 1 or > 3) throw Refused(name, $"it has version {version} and 1 to 3 can be read");
        Span<byte> length = stackalloc byte[version == 1 ? 2 : 4];
        if (fill(length) < length.Length) throw Broken(name, "it ends inside its header");
        long textLength = version == 1 ? BinaryPrimitives.ReadUInt16LittleEndian(length) : BinaryPrimitives.ReadUInt32LittleEndian(length);
        int textOffset = start.Length + length.Length;
        if (textLength > LargestBytes - textOffset)
            throw Broken(name, $"its header claims {textLength} bytes and at most {LargestBytes - textOffset} are read");
        byte[] text = new byte[textLength];
        int found = fill(text);
        if (found < text.Length) throw Broken(name, $"its header claims {textLength} bytes and {found} can be read");
        return Parse(name, Encoding.Latin1.GetString(text), textOffset + text.Length);
    }

    /// <summary>Checks that the elements take the bytes that follow the header, no fewer and no more.</summary>
    /// <param name="name">The file, for messages.</param>
    /// <param name="dataBytes">The bytes after the header.</param>
    /// <exception cref="InvalidDataException">The shape does not fit them.</exception>
    internal void CheckLength(string name, long dataBytes)
    {
        if (ArraySize.Bytes(Type.ByteWidth(), Shape) != dataBytes)
            throw Broken(name, $"its shape ({string.Join(", ", Shape)}) in {Type.Spelling()} does not fit the {dataBytes} bytes of its data");
    }

    /// <summary>The bytes that numpy writes before the elements of a C-ordered array.</summary>
    internal static byte[] Format(NpyType type, IReadOnlyList<long> shape)
    {
        string dimensions = string.Join(", ", shape.Select(dimension => dimension.ToString(CultureInfo.InvariantCulture)));
        string text = $"{{'descr': '{type.Spelling()}', 'fortran_order': False, 'shape': ({dimensions}{(shape.Count == 1 ? "," : "")}), }}";
        if (shape.Count > 0) text += new string(' ', RoomForDigits - shape[0].ToString(CultureInfo.InvariantCulture).Length);
        int before = MagicBytes + 4;
        int padded = (before + text.Length + 1 + Alignment - 1) / Alignment * Alignment;
        text = text.PadRight(padded - before - 1) + "\n";
        byte[] bytes = new byte[padded];
        Magic.CopyTo(bytes);
        bytes[MagicBytes] = 1;
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(MagicBytes + 2), checked((ushort)text.Length));
        Encoding.ASCII.GetBytes(text, bytes.AsSpan(before));
        return bytes;
    }

    private static NpyHeader Parse(string name, string text, int dataOffset)
    {
        Match match = HeaderText().Match(text);
        Group type = match.Groups["type"], fortran = match.Groups["fortran"], shape = match.Groups["shape"];
        if (!type.Success || !fortran.Success || !shape.Success) throw Refused(name, "its header is not that of a plain array");
        if (!NpyTypes.TryParse(type.Value, out NpyType known))
            throw Refused(name, $"its elements are '{type.Value}' and only little-endian {NpyTypes.Known} can be read");
        if (fortran.Value == "True") throw Refused(name, "it lies in Fortran order and only C order can be read");
        return new NpyHeader(known, ParseShape(name, shape.Value), dataOffset);
    }

    private static long[] ParseShape(string name, string text)
    {
        string[] parts = text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        long[] shape = new long[parts.Length];
        for (int i = 0; i < parts.Length; i++)
        {
            if (!NumberText.TryDigits(parts[i], out shape[i]))
                throw Broken(name, $"its shape has the dimension '{parts[i]}'");
        }
        return shape;
    }

    // Each key once, in any order: numpy sorts them and asks no one else to. A header with others (a structured type) is not matched.
    [GeneratedRegex(@"^\{\s*(?:(?:'descr':\s*'(?<type>[^']*)'|'fortran_order':\s*(?<fortran>True|False)|'shape':\s*\((?<shape>[^()]*)\))\s*(?:,\s*|(?=\}))){3}\}\s*$", RegexOptions.CultureInvariant)]
    private static partial Regex HeaderText();

    private static InvalidDataException Broken(string name, string wrong) =>
        new($"{name} is not a whole .npy array: {wrong}; copy or save it again.");

    private static NotSupportedException Refused(string name, string wrong) =>
        new($"{name} is a .npy array of a kind that is not read: {wrong}; save it with numpy.save(FILE, numpy.ascontiguousarray(ARRAY)) "
            + $"in such a type.");
}
