using System.IO.MemoryMappedFiles;
using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;

namespace MaskLlm.Data;

/// <summary>A document of a token file: a hash of its content and where its ids end.</summary>
internal readonly record struct TokenDocument(ulong Hash, long End);

/// <summary>A token cache file, memory-mapped: it takes no memory of its own and may be larger than memory. Safe to read on many threads.</summary>
internal sealed class TokenFile : IDisposable
{
    private readonly TokenFileHeader _header;
    private readonly MemoryMappedFile _map;
    private readonly MemoryMappedViewAccessor _view;

    private TokenFile(FileStream file, TokenFileHeader header)
    {
        _header = header;
        _map = MemoryMappedFile.CreateFromFile(file, null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: false);
        _view = _map.CreateViewAccessor(0, 0, MemoryMappedFileAccess.Read);
    }

    /// <summary>Ids in the file.</summary>
    public long Tokens => _header.Tokens;

    /// <summary>Documents in the file.</summary>
    public long DocumentCount => _header.Documents;

    /// <summary>Ids in each document where all are rows of one width; 0 otherwise.</summary>
    public long RowTokens => _header.RowTokens;

    private SafeMemoryMappedViewHandle Bytes => _view.SafeMemoryMappedViewHandle;

    /// <summary>Opens a file after checking all of it.</summary>
    /// <returns>Null where there is none, or what is there is cut short, damaged or of another version: it is to be made again.</returns>
    public static TokenFile? TryOpen(string path, CancellationToken cancellation)
    {
        if (!File.Exists(path))
            return null;
        FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, 0, FileOptions.SequentialScan);
        try
        {
            if (CheckedHeader(file, cancellation) is TokenFileHeader header)
                return new TokenFile(file, header);
        }
        catch
        {
            file.Dispose();
            throw;
        }

        file.Dispose();
        return null;
    }

    /// <summary>Copies ids.</summary>
    /// <param name="position">Of the first id.</param>
    /// <param name="ids">Takes as many ids as it is long.</param>
    /// <exception cref="ObjectDisposedException">The file is closed.</exception>
    public void Read(long position, Span<int> ids)
    {
        if (_header.TokenBytes == sizeof(int))
        {
            Bytes.ReadSpan((ulong)(TokenFileHeader.Bytes + (position * sizeof(int))), ids);
            return;
        }

        Span<ushort> narrow = stackalloc ushort[1024];
        for (int done = 0; done < ids.Length;)
        {
            Span<ushort> part = narrow[..Math.Min(narrow.Length, ids.Length - done)];
            Bytes.ReadSpan((ulong)(TokenFileHeader.Bytes + ((position + done) * sizeof(ushort))), part);
            foreach (ushort id in part)
                ids[done++] = id;
        }
    }

    /// <summary>The documents, in order.</summary>
    public IEnumerable<TokenDocument> Documents()
    {
        long[] entry = new long[2];
        for (long i = 0; i < DocumentCount; i++)
        {
            Bytes.ReadArray((ulong)(_header.DocumentsOffset + (i * TokenFileHeader.DocumentBytes)), entry, 0, entry.Length);
            yield return new TokenDocument((ulong)entry[0], entry[1]);
        }
    }

    public void Dispose()
    {
        _view.Dispose();
        _map.Dispose();
    }

    private static TokenFileHeader? CheckedHeader(FileStream file, CancellationToken cancellation)
    {
        byte[] head = new byte[TokenFileHeader.Bytes];
        if (file.ReadAtLeast(head, head.Length, throwOnEndOfStream: false) < head.Length)
            return null;
        if (TokenFileHeader.Read(head) is not TokenFileHeader header || file.Length != header.FileBytes)
            return null;
        byte[] checksum = Checksum(file, head.AsSpan(0, TokenFileHeader.FieldBytes), cancellation);
        return checksum.AsSpan().SequenceEqual(head.AsSpan(TokenFileHeader.FieldBytes)) ? header : null;
    }

    private static byte[] Checksum(FileStream file, ReadOnlySpan<byte> fields, CancellationToken cancellation)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] buffer = new byte[1 << 18];
        for (int count; (count = file.Read(buffer)) > 0;)
        {
            cancellation.ThrowIfCancellationRequested();
            hash.AppendData(buffer, 0, count);
        }

        hash.AppendData(fields);
        return hash.GetHashAndReset();
    }
}
