using System.Buffers.Binary;

namespace MaskLlm.Data;

/// <summary>The head of a token cache file; ids, then documents (hash, end: 8 bytes each), follow it.</summary>
/// <param name="TokenBytes">Bytes of one id: 2 or 4.</param>
/// <param name="Tokens">Ids in the file.</param>
/// <param name="Documents">Documents in the file.</param>
/// <param name="RowTokens">Ids in each document where all are rows of one width; 0 otherwise.</param>
internal readonly record struct TokenFileHeader(int TokenBytes, long Tokens, long Documents, long RowTokens)
{
    /// <summary>Bytes of the head.</summary>
    public const int Bytes = FieldBytes + ChecksumBytes;

    /// <summary>Bytes of the head without the checksum that ends it.</summary>
    public const int FieldBytes = 40;

    /// <summary>Bytes of the SHA-256 over ids, documents and the other fields.</summary>
    public const int ChecksumBytes = 32;

    /// <summary>Bytes of one document.</summary>
    public const int DocumentBytes = 16;

    /// <summary>Raised with every change of the layout or of what is written: it is part of each cache's key.</summary>
    public const int Version = 1;

    // More than any file has, and so few that the length of the file does not overflow.
    private const long MostCount = 1L << 48;

    private const ulong Magic = 0x534E454B4F544C4D; // "MLTOKENS"

    /// <summary>Where the documents begin.</summary>
    public long DocumentsOffset => Bytes + (Tokens * TokenBytes);

    /// <summary>Length of the whole file.</summary>
    public long FileBytes => DocumentsOffset + (Documents * DocumentBytes);

    public void Write(Span<byte> fields)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(fields, Magic);
        BinaryPrimitives.WriteInt32LittleEndian(fields[8..], Version);
        BinaryPrimitives.WriteInt32LittleEndian(fields[12..], TokenBytes);
        BinaryPrimitives.WriteInt64LittleEndian(fields[16..], Tokens);
        BinaryPrimitives.WriteInt64LittleEndian(fields[24..], Documents);
        BinaryPrimitives.WriteInt64LittleEndian(fields[32..], RowTokens);
    }

    /// <returns>Null where the bytes are no head of ours; the counts are still to be compared with the file's length.</returns>
    public static TokenFileHeader? Read(ReadOnlySpan<byte> fields)
    {
        if (BinaryPrimitives.ReadUInt64LittleEndian(fields) != Magic || BinaryPrimitives.ReadInt32LittleEndian(fields[8..]) != Version)
            return null;
        TokenFileHeader header = new(
            BinaryPrimitives.ReadInt32LittleEndian(fields[12..]),
            BinaryPrimitives.ReadInt64LittleEndian(fields[16..]),
            BinaryPrimitives.ReadInt64LittleEndian(fields[24..]),
            BinaryPrimitives.ReadInt64LittleEndian(fields[32..]));
        return header is
        {
            TokenBytes: sizeof(ushort) or sizeof(int), Tokens: >= 0 and <= MostCount, Documents: >= 0 and <= MostCount,
            RowTokens: >= 0 and <= MostCount
        }
            ? header : null;
    }
}
