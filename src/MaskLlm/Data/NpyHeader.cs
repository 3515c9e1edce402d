using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace MaskLlm.Data;

/// <summary>The head of a <c>.npy</c> file of token ids.</summary>
/// <param name="Type">Element type as NumPy writes it, for example <c>&lt;i4</c>.</param>
/// <param name="Rows">Rows of a matrix; 1 for one stream of ids.</param>
/// <param name="Columns">Ids in each row.</param>
/// <param name="IsMatrix">Whether the array has two dimensions.</param>
internal sealed partial record NpyHeader(string Type, long Rows, long Columns, bool IsMatrix)
{
    private const int LongestHeaderBytes = 1 << 16;
    private const int PrefixBytes = 8; // magic, major and minor version

    /// <summary>Bytes of one id.</summary>
    public int ItemBytes => Type[2] - '0';

    /// <summary>Reads the head and leaves the stream at the first id.</summary>
    /// <exception cref="InvalidDataException">The file is no <c>.npy</c> file, or damaged.</exception>
    /// <exception cref="NotSupportedException">Another type, order or number of dimensions.</exception>
    public static NpyHeader Read(SourceStream source)
    {
        Span<byte> prefix = stackalloc byte[PrefixBytes];
        if (source.Fill(prefix) < PrefixBytes || !prefix.StartsWith((ReadOnlySpan<byte>)[0x93, .. "NUMPY"u8]))
            throw new InvalidDataException($"{source.Path}: no .npy file: its first bytes are not \\x93NUMPY. Save the ids with numpy.save.");
        Span<byte> lengthBytes = stackalloc byte[prefix[6] == 1 ? 2 : 4];
        bool complete = source.Fill(lengthBytes) == lengthBytes.Length;
        uint length = lengthBytes.Length == 2 ? BinaryPrimitives.ReadUInt16LittleEndian(lengthBytes) : BinaryPrimitives.ReadUInt32LittleEndian(lengthBytes);
        if (!complete || length > LongestHeaderBytes)
            throw new InvalidDataException($"{source.Path}: the .npy header is cut short or {length} bytes long; wanted at most {LongestHeaderBytes}.");
        byte[] header = new byte[length];
        if (source.Fill(header) < header.Length)
            throw new InvalidDataException($"{source.Path}: the .npy header is cut short; wanted {length} bytes.");
        return Parse(source.Path, Encoding.Latin1.GetString(header));
    }

    private static NpyHeader Parse(string path, string header)
    {
        Match type = TypePattern().Match(header), order = OrderPattern().Match(header), shape = ShapePattern().Match(header);
        if (!type.Success || !order.Success || !shape.Success)
            throw new InvalidDataException($"{path}: unreadable .npy header '{header.Trim()}'; wanted descr, fortran_order and shape.");
        if (type.Groups[1].Value is not ("|u1" or "<u1" or "<i2" or "<u2" or "<i4" or "<u4" or "<i8"))
            throw new NotSupportedException($"{path}: ids of type '{type.Groups[1].Value}'; wanted uint8, int16, uint16, int32, uint32 or int64, little endian. Convert with astype('<i4').");
        long[] sizes = Sizes(path, shape.Groups[1].Value);
        if (sizes.Length is not (1 or 2))
            throw new NotSupportedException($"{path}: shape ({shape.Groups[1].Value}); wanted one stream of ids, or one row a sequence.");
        if (sizes.Length == 2 && order.Groups[1].Value == "True")
            throw new NotSupportedException($"{path}: the array is in Fortran order; wanted C order. Convert with numpy.ascontiguousarray.");
        return new NpyHeader(type.Groups[1].Value, sizes.Length == 2 ? sizes[0] : 1, sizes[^1], sizes.Length == 2);
    }

    private static long[] Sizes(string path, string shape)
    {
        const long most = 1L << 40;
        string[] parts = shape.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        long[] sizes = new long[parts.Length];
        double product = 1; // exact up to the limit, and cannot overflow
        for (int i = 0; i < parts.Length; i++)
        {
            if (!long.TryParse(parts[i], NumberStyles.None, CultureInfo.InvariantCulture, out sizes[i]) || sizes[i] == 0 || (product *= sizes[i]) > most)
                throw new InvalidDataException($"{path}: the .npy header has the shape ({shape}); wanted 1 to 2^40 ids.");
        }

        return sizes;
    }

    [GeneratedRegex(@"'descr':\s*'([^']*)'")]
    private static partial Regex TypePattern();

    [GeneratedRegex(@"'fortran_order':\s*(True|False)")]
    private static partial Regex OrderPattern();

    [GeneratedRegex(@"'shape':\s*\(([^)]*)\)")]
    private static partial Regex ShapePattern();
}
