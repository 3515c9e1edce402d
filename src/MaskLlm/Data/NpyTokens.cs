using System.Buffers.Binary;
using System.Diagnostics;

namespace MaskLlm.Data;

/// <summary>Reads the ids of a <c>.npy</c> file in chunks, so that a file of any size fits.</summary>
internal sealed class NpyTokens(SourceStream source, NpyHeader header, int vocabularySize)
{
    private const int ChunkTokens = 1 << 18;
    private readonly int[] _ids = new int[(int)Math.Min(ChunkTokens, header.Columns)];
    private readonly byte[] _bytes = new byte[(int)Math.Min(ChunkTokens, header.Columns) * header.ItemBytes];
    private readonly string _kind = header.Type[1..];
    private long _position;

    /// <summary>The ids of the file, row by row; a chunk never crosses the end of a row.</summary>
    /// <returns>Chunks that are valid until the next one is asked for, and whether each starts a row.</returns>
    /// <exception cref="InvalidDataException">The file is shorter or longer than its header says, or an id is outside the vocabulary.</exception>
    public IEnumerable<(ReadOnlyMemory<int> Ids, bool StartsRow)> Read()
    {
        for (long row = 0; row < header.Rows; row++)
        {
            for (long column = 0; column < header.Columns; column += _ids.Length)
            {
                int count = (int)Math.Min(_ids.Length, header.Columns - column);
                ReadChunk(count);
                yield return (_ids.AsMemory(0, count), column == 0);
            }
        }

        if (source.Fill(new byte[1]) != 0)
            throw new InvalidDataException($"{source.Path}: bytes follow the {_position} ids that the header announces. Save the array again.");
    }

    private void ReadChunk(int count)
    {
        Span<byte> bytes = _bytes.AsSpan(0, count * header.ItemBytes);
        int read = source.Fill(bytes);
        if (read < bytes.Length)
            throw new InvalidDataException($"{source.Path}: the file ends after {_position + (read / header.ItemBytes)} ids; its header announces {header.Rows * header.Columns}. Save the array again.");
        for (int i = 0; i < count; i++)
            _ids[i] = Checked(Item(bytes[(i * header.ItemBytes)..]), _position + i);
        _position += count;
    }

    private long Item(ReadOnlySpan<byte> bytes) => _kind switch
    {
        "u1" => bytes[0],
        "i2" => BinaryPrimitives.ReadInt16LittleEndian(bytes),
        "u2" => BinaryPrimitives.ReadUInt16LittleEndian(bytes),
        "i4" => BinaryPrimitives.ReadInt32LittleEndian(bytes),
        "u4" => BinaryPrimitives.ReadUInt32LittleEndian(bytes),
        "i8" => BinaryPrimitives.ReadInt64LittleEndian(bytes),
        _ => throw new UnreachableException(),
    };

    private int Checked(long id, long position) => (ulong)id < (ulong)vocabularySize
        ? (int)id
        : throw new InvalidDataException($"{source.Path}: id {id} at position {position}; wanted 0 to {vocabularySize - 1}, the tokenizer's vocabulary. Were these ids made with another tokenizer?");
}
