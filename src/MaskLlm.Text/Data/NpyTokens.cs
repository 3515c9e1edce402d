using System.Buffers.Binary;
using System.Diagnostics;
using MaskLlm.Formats.Numpy;

namespace MaskLlm.Data;

/// <summary>Reads the ids of a <c>.npy</c> file in chunks, so that a file of any size fits.</summary>
internal sealed class NpyTokens(SourceStream source, TokenArray array, int vocabularySize)
{
    private const int ChunkTokens = 1 << 18;
    private readonly int[] _ids = new int[(int)Math.Min(ChunkTokens, array.Columns)];
    private readonly int _idBytes = array.Type.ByteWidth();
    private readonly byte[] _bytes = new byte[(int)Math.Min(ChunkTokens, array.Columns) * array.Type.ByteWidth()];
    private long _position;

    /// <summary>The ids of the file, row by row; a chunk never crosses the end of a row.</summary>
    /// <returns>Chunks that are valid until the next one is asked for, and whether each starts a row.</returns>
    /// <exception cref="InvalidDataException">The file is shorter or longer than its header says, or an id is outside the
    /// vocabulary.</exception>
    public IEnumerable<(ReadOnlyMemory<int> Ids, bool StartsRow)> Read()
    {
        for (long row = 0; row < array.Rows; row++)
        {
            for (long column = 0; column < array.Columns; column += _ids.Length)
            {
                int count = (int)Math.Min(_ids.Length, array.Columns - column);
                ReadChunk(count);
                yield return (_ids.AsMemory(0, count), column == 0);
            }
        }

        if (source.Fill(new byte[1]) != 0)
            throw new InvalidDataException(
                $"{source.Path}: bytes follow the {_position} ids that the header announces. Save the array again.");
    }

    private void ReadChunk(int count)
    {
        Span<byte> bytes = _bytes.AsSpan(0, count * _idBytes);
        int read = source.Fill(bytes);
        if (read < bytes.Length)
            throw new InvalidDataException(
                $"{source.Path}: the file ends after {_position + (read / _idBytes)} ids; its header announces "
                + $"{array.Rows * array.Columns}. Save the array again.");
        for (int i = 0; i < count; i++)
            _ids[i] = Checked(Item(bytes[(i * _idBytes)..]), _position + i);
        _position += count;
    }

    private long Item(ReadOnlySpan<byte> bytes) => array.Type switch
    {
        NpyType.UInt8 => bytes[0],
        NpyType.Int16 => BinaryPrimitives.ReadInt16LittleEndian(bytes),
        NpyType.UInt16 => BinaryPrimitives.ReadUInt16LittleEndian(bytes),
        NpyType.Int32 => BinaryPrimitives.ReadInt32LittleEndian(bytes),
        NpyType.UInt32 => BinaryPrimitives.ReadUInt32LittleEndian(bytes),
        NpyType.Int64 => BinaryPrimitives.ReadInt64LittleEndian(bytes),
        _ => throw new UnreachableException(),
    };

    private int Checked(long id, long position) => (ulong)id < (ulong)vocabularySize
        ? (int)id
        : throw new InvalidDataException(
            $"{source.Path}: id {id} at position {position}; wanted 0 to {vocabularySize - 1}, the tokenizer's vocabulary. Were these ids "
            + $"made with another tokenizer?");
}
