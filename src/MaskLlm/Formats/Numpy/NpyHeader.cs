using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace MaskLlm.Formats.Numpy;

/// <summary>The header of a <c>.npy</c> file, versions 1 to 3.</summary>
/// <param name="Type">The element type.</param>
/// <param name="Shape">The dimensions, row-major; empty for a scalar.</param>
/// <param name="DataOffset">Where the elements begin, in bytes from the start.</param>
/// <param name="Count">The elements.</param>
internal sealed partial record NpyHeader(NpyType Type, IReadOnlyList<long> Shape, int DataOffset, long Count)
{
    /// <summary>More bytes than any header of ours may have, its start included.</summary>
    internal const int LargestBytes = 1 << 17;

    private const int MagicBytes = 6;
    private const int Alignment = 64;

    // numpy leaves room for a first dimension that grows to this many digits.
    private const int RoomForDigits = 21;

    private static ReadOnlySpan<byte> Magic => [0x93, (byte)'N', (byte)'U', (byte)'M', (byte)'P', (byte)'Y'];

    /// <summary>Reads a header and checks that the elements it promises are there.</summary>
    /// <param name="name">The file, for messages.</param>
    /// <param name="start">The first <see cref="LargestBytes"/> bytes, or all.</param>
    /// <param name="totalLength">The bytes of the file.</param>
    internal static NpyHeader Parse(string name, ReadOnlySpan<byte> start, long totalLength)
    {
        if (start.Length < MagicBytes + 4 || !start.StartsWith(Magic)) throw Broken(name, "it does not begin as one");
        int version = start[MagicBytes];
        if (version is < 1 or > 3) throw Refused(name, $"it has version {version} and 1 to 3 can be read");
        int lengthBytes = version == 1 ? 2 : 4;
        int textOffset = MagicBytes + 2 + lengthBytes;
        if (start.Length < textOffset) throw Broken(name, "it ends inside its header");
        long textLength = version == 1
            ? BinaryPrimitives.ReadUInt16LittleEndian(start[(MagicBytes + 2)..])
            : BinaryPrimitives.ReadUInt32LittleEndian(start[(MagicBytes + 2)..]);
        if (textLength > start.Length - textOffset)
            throw Broken(name, $"its header claims {textLength} bytes and {start.Length - textOffset} can be read");
        string text = Encoding.Latin1.GetString(start.Slice(textOffset, (int)textLength));
        return ParseText(name, text, textOffset + (int)textLength, totalLength);
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
        var bytes = new byte[padded];
        Magic.CopyTo(bytes);
        bytes[MagicBytes] = 1;
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(MagicBytes + 2), checked((ushort)text.Length));
        Encoding.ASCII.GetBytes(text, bytes.AsSpan(before));
        return bytes;
    }

    private static NpyHeader ParseText(string name, string text, int dataOffset, long totalLength)
    {
        Match match = HeaderText().Match(text);
        if (!match.Success) throw Refused(name, "its header is not that of a plain array");
        string spelling = match.Groups["type"].Value;
        if (!NpyTypes.TryParse(spelling, out NpyType type))
            throw Refused(name, $"its elements are '{spelling}' and only little-endian {NpyTypes.Known} can be read");
        if (match.Groups["fortran"].Value == "True") throw Refused(name, "it lies in Fortran order and only C order can be read");
        long[] shape = ParseShape(name, match.Groups["shape"].Value);
        Int128 bytes = ArraySize.Bytes(type.ByteWidth(), shape);
        if (bytes != totalLength - dataOffset)
            throw Broken(name, $"its shape ({string.Join(", ", shape)}) in {type.Spelling()} does not fit the {totalLength - dataOffset} bytes of its data");
        return new NpyHeader(type, shape, dataOffset, (long)bytes / type.ByteWidth());
    }

    private static long[] ParseShape(string name, string text)
    {
        string[] parts = text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        var shape = new long[parts.Length];
        for (int i = 0; i < parts.Length; i++)
        {
            if (!long.TryParse(parts[i], NumberStyles.None, CultureInfo.InvariantCulture, out shape[i]))
                throw Broken(name, $"its shape has the dimension '{parts[i]}'");
        }
        return shape;
    }

    // numpy sorts the keys; a header with others (a structured type) is not matched.
    [GeneratedRegex(@"^\{\s*'descr':\s*'(?<type>[^']*)',\s*'fortran_order':\s*(?<fortran>True|False),\s*'shape':\s*\((?<shape>[\d\s,]*)\),?\s*\}\s*$", RegexOptions.CultureInvariant)]
    private static partial Regex HeaderText();

    private static InvalidDataException Broken(string name, string wrong) =>
        new($"{name} is not a whole .npy array: {wrong}; copy or save it again.");

    private static NotSupportedException Refused(string name, string wrong) =>
        new($"{name} is a .npy array of a kind that is not read: {wrong}; save it with numpy.save(FILE, numpy.ascontiguousarray(ARRAY)) in such a type.");
}
