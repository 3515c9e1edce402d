using MaskLlm.Formats;
using MaskLlm.Formats.Numpy;

namespace MaskLlm.Data;

/// <summary>The head of a <c>.npy</c> file of token ids.</summary>
/// <param name="Type">The type of an id; an integer.</param>
/// <param name="Rows">Rows of a matrix; 1 for one stream of ids.</param>
/// <param name="Columns">Ids in each row.</param>
/// <param name="IsMatrix">Whether the array has two dimensions.</param>
internal sealed record TokenArray(NpyType Type, long Rows, long Columns, bool IsMatrix)
{
    private const long MostIds = 1L << 40;

    /// <summary>Reads the head and leaves the stream at the first id.</summary>
    /// <exception cref="InvalidDataException">The file is no <c>.npy</c> file, or damaged.</exception>
    /// <exception cref="NotSupportedException">Another type, order or number of dimensions.</exception>
    public static TokenArray Read(SourceStream source)
    {
        NpyHeader header = NpyHeader.Read(source.Path, source.Fill);
        IReadOnlyList<long> shape = header.Shape;
        if (header.Type is not (NpyType.UInt8 or NpyType.Int16 or NpyType.UInt16 or NpyType.Int32 or NpyType.UInt32 or NpyType.Int64))
            throw new NotSupportedException(
                $"{source.Path}: ids of type '{header.Type.Spelling()}'; wanted uint8, int16, uint16, int32, uint32 or int64. Convert "
                + $"with astype('<i4').");
        if (shape.Count is not (1 or 2))
            throw new NotSupportedException(
                $"{source.Path}: shape ({string.Join(", ", shape)}); wanted one stream of ids, or one row a sequence.");
        Int128 ids = ArraySize.Bytes(1, shape);
        if (ids < 1 || ids > MostIds)
            throw new InvalidDataException(
                $"{source.Path}: the .npy header has the shape ({string.Join(", ", shape)}); wanted 1 to 2^40 ids.");
        return new TokenArray(header.Type, shape.Count == 2 ? shape[0] : 1, shape[^1], shape.Count == 2);
    }
}
