using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using MaskLlm.Formats;

namespace MaskLlm.Data;

/// <summary>Writes a token cache file under a temporary name; it takes its own name only when it is whole and on disk.</summary>
internal sealed class TokenFileWriter : IDisposable
{
    private readonly string _path;
    private readonly TemporaryPath _temporary;
    private readonly int _tokenBytes;
    private readonly FileStream _tokens;
    private readonly FileStream _documents;
    private readonly TemporaryPath _documentsName;
    private readonly IncrementalHash _checksum = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private long _documentStart;
    private ulong _documentHash;

    /// <summary>Starts a file.</summary>
    /// <param name="path">Its name when it is whole; its folder must exist.</param>
    /// <param name="vocabularySize">Decides whether an id takes two bytes or four.</param>
    public TokenFileWriter(string path, int vocabularySize)
    {
        _path = path;
        _temporary = TemporaryPath.Beside(path);
        _tokenBytes = vocabularySize <= ushort.MaxValue + 1 ? sizeof(ushort) : sizeof(int);
        _tokens = Create(_temporary.Path, 1 << 20, FileOptions.None);
        _documentsName = TemporaryPath.Beside(path);
        _documents = Create(_documentsName.Path, 1 << 16, FileOptions.DeleteOnClose);
        // Without a name already it leaves nothing, however this process ends.
        if (!OperatingSystem.IsWindows()) _documentsName.Dispose();
        _tokens.Write(stackalloc byte[TokenFileHeader.Bytes]);
    }

    /// <summary>Ids written so far.</summary>
    public long Tokens { get; private set; }

    /// <summary>Ends the document before, if it has any ids, and begins the next.</summary>
    public void BeginDocument()
    {
        if (Tokens == _documentStart)
            return;
        Span<byte> entry = stackalloc byte[TokenFileHeader.DocumentBytes];
        BinaryPrimitives.WriteUInt64LittleEndian(entry, _documentHash);
        BinaryPrimitives.WriteInt64LittleEndian(entry[8..], Tokens);
        _documents.Write(entry);
        _documentStart = Tokens;
        _documentHash = 0;
    }

    /// <summary>Adds to the current document's hash; a document of one piece has the hash of that piece.</summary>
    public void AddHash(ulong pieceHash) => _documentHash = (BitOperations.RotateLeft(_documentHash, 23) * 0x9E3779B97F4A7C15) ^ pieceHash;

    /// <summary>Adds ids, all within the vocabulary, to the current document.</summary>
    public void Append(ReadOnlySpan<int> ids)
    {
        Tokens += ids.Length;
        if (_tokenBytes == sizeof(int))
        {
            Write(MemoryMarshal.AsBytes(ids));
            return;
        }

        Span<ushort> narrow = stackalloc ushort[4096];
        while (!ids.IsEmpty)
        {
            int count = Math.Min(ids.Length, narrow.Length);
            for (int i = 0; i < count; i++)
                narrow[i] = (ushort)ids[i];
            Write(MemoryMarshal.AsBytes(narrow[..count]));
            ids = ids[count..];
        }
    }

    /// <summary>Ends the last document, brings everything to disk and gives the file its name, in place of an older one.</summary>
    /// <param name="rowTokens">Ids in each document where all are rows of one width; 0 otherwise.</param>
    public void Complete(long rowTokens)
    {
        BeginDocument();
        long documents = _documents.Position / TokenFileHeader.DocumentBytes;
        CopyDocuments();
        Span<byte> head = stackalloc byte[TokenFileHeader.Bytes];
        new TokenFileHeader(_tokenBytes, Tokens, documents, rowTokens).Write(head);
        _checksum.AppendData(head[..TokenFileHeader.FieldBytes]);
        _checksum.GetHashAndReset(head[TokenFileHeader.FieldBytes..]);
        _tokens.Position = 0;
        _tokens.Write(head);
        _tokens.Flush(flushToDisk: true);
        DurableName.Take(_temporary.Path, _path);
    }

    public void Dispose()
    {
        _documents.Dispose();
        _tokens.Dispose();
        _checksum.Dispose();
        _documentsName.Dispose();
        _temporary.Dispose();
    }

    // What texts hold is their reader's own business.
    private static FileStream Create(string path, int buffer, FileOptions options)
    {
        FileStreamOptions how = new()
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.ReadWrite,
            // It has its name before it is closed, and another process may read it from then on.
            Share = OperatingSystem.IsWindows() ? FileShare.Delete : FileShare.Read,
            BufferSize = buffer,
            Options = options,
        };
        if (!OperatingSystem.IsWindows()) how.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        return new FileStream(path, how);
    }

    private void Write(ReadOnlySpan<byte> bytes)
    {
        _checksum.AppendData(bytes);
        _tokens.Write(bytes);
    }

    private void CopyDocuments()
    {
        _documents.Position = 0;
        byte[] buffer = new byte[1 << 16];
        for (int count; (count = _documents.Read(buffer)) > 0;)
            Write(buffer.AsSpan(0, count));
    }
}
