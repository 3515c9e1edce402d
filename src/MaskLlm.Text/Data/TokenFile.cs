using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace MaskLlm.Data;

/// <summary>A document of a token file: a hash of its content and where its ids end.</summary>
internal readonly record struct TokenDocument(ulong Hash, long End);

/// <summary>
/// A token cache file, read from the disk where it is asked for: it takes no memory of its own and may be larger than memory.
/// Safe to read on many threads.
/// </summary>
internal sealed class TokenFile : IDisposable
{
    private const int DocumentsAtOnce = 4096;

    private readonly string _path;
    private readonly FileStream _file;
    private readonly TokenFileHeader _header;

    private TokenFile(string path, FileStream file, TokenFileHeader header) => (_path, _file, _header) = (path, file, header);

    /// <summary>Ids in the file.</summary>
    public long Tokens => _header.Tokens;

    /// <summary>Documents in the file.</summary>
    public long DocumentCount => _header.Documents;

    /// <summary>Ids in each document where all are rows of one width; 0 otherwise.</summary>
    public long RowTokens => _header.RowTokens;

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
                return new TokenFile(path, file, header);
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
            ReadBytes(TokenFileHeader.Bytes + (position * sizeof(int)), MemoryMarshal.AsBytes(ids));
            return;
        }

        Span<ushort> narrow = stackalloc ushort[1024];
        for (int done = 0; done < ids.Length;)
        {
            Span<ushort> part = narrow[..Math.Min(narrow.Length, ids.Length - done)];
            ReadBytes(TokenFileHeader.Bytes + ((position + done) * sizeof(ushort)), MemoryMarshal.AsBytes(part));
            foreach (ushort id in part)
                ids[done++] = id;
        }
    }

    /// <summary>The documents, in order.</summary>
    public IEnumerable<TokenDocument> Documents()
    {
        long[] entries = new long[2 * (int)Math.Min(DocumentsAtOnce, DocumentCount)];
        for (long first = 0; first < DocumentCount; first += DocumentsAtOnce)
        {
            int count = (int)Math.Min(DocumentsAtOnce, DocumentCount - first);
            ReadBytes(_header.DocumentsOffset + (first * TokenFileHeader.DocumentBytes),
                MemoryMarshal.AsBytes(entries.AsSpan(0, 2 * count)));
            for (int i = 0; i < count; i++)
                yield return new TokenDocument((ulong)entries[2 * i], entries[(2 * i) + 1]);
        }
    }

    public void Dispose() => _file.Dispose();

    // Mapped, a file that is cut short would end the process without a word.
    private void ReadBytes(long offset, Span<byte> target)
    {
        ObjectDisposedException.ThrowIf(_file.SafeFileHandle.IsClosed, this);
        while (!target.IsEmpty)
        {
            int count = RandomAccess.Read(_file.SafeFileHandle, target, offset);
            if (count == 0)
                throw new InvalidDataException(
                    $"{_path}: the cache of tokens was cut short while it was read. Start again, and it is made anew.");
            target = target[count..];
            offset += count;
        }
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
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
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
