using System.Security.Cryptography;
using ICSharpCode.SharpZipLib.GZip;
using MaskLlm.Formats;
using ZstdSharp;

namespace MaskLlm.Data;

/// <summary>What a file holds, by its name.</summary>
internal enum ContentKind
{
    /// <summary>UTF-8 text: every name that is not one of the others.</summary>
    Text,

    /// <summary><c>.jsonl</c>: one object with a <c>text</c> a line.</summary>
    JsonLines,

    /// <summary><c>.npy</c>: token ids.</summary>
    TokenIds,

    /// <summary><c>.parquet</c>: a table with a column of text.</summary>
    Parquet,
}

/// <summary>How a file is compressed, by the end of its name.</summary>
internal enum Compression
{
    /// <summary>Not at all.</summary>
    None,

    /// <summary><c>.gz</c></summary>
    Gzip,

    /// <summary><c>.zst</c></summary>
    Zstandard,
}

/// <summary>One file of a source.</summary>
internal sealed record SourceFile(string Path, ContentKind Kind, Compression Compression)
{
    public static SourceFile At(string path)
    {
        Compression compression = CompressionOf(path);
        string inner = compression == Compression.None ? path : System.IO.Path.GetFileNameWithoutExtension(path);
        ContentKind kind = EndsWith(inner, ".jsonl") ? ContentKind.JsonLines
            : EndsWith(inner, ".npy") ? ContentKind.TokenIds
            : EndsWith(path, ".parquet") ? ContentKind.Parquet
            : ContentKind.Text;
        return new SourceFile(path, kind, compression);
    }

    /// <summary>Opens a file that is read more than once.</summary>
    /// <exception cref="InvalidDataException">It is a pipe or a device, which gives its bytes once.</exception>
    public SourceStream Open()
    {
        RequireRegular();
        return Opened(new FileStream(Path, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 16, FileOptions.SequentialScan));
    }

    /// <summary>Opens a file that is read once, which may be a pipe.</summary>
    /// <exception cref="OperationCanceledException">The program was stopped while it waited for the pipe.</exception>
    public SourceStream OpenOnce(CancellationToken cancellation) =>
        FileIdentity.Of(Path) is { IsRegular: false } ? Opened(new PipeStream(Path, cancellation)) : Open();

    private SourceStream Opened(Stream file)
    {
        if (Compression != Compression.None && EndsWith(System.IO.Path.GetFileNameWithoutExtension(Path), ".parquet"))
        {
            file.Dispose();
            throw new NotSupportedException($"{Path}: a Parquet file packs its own columns and is read as it is; unpack it first.");
        }
        Stream content = Compression switch
        {
            Compression.Gzip => new GZipInputStream(file), // .NET's own reads a file that is cut short without a word
            Compression.Zstandard => new DecompressionStream(file, leaveOpen: false),
            _ => file,
        };
        return new SourceStream(Path, file, content);
    }

    /// <summary>SHA-256 of the bytes on disk, in hexadecimal digits.</summary>
    public string ContentHash(CancellationToken cancellation)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        RequireRegular();
        using FileStream file = new(Path, FileMode.Open, FileAccess.Read, FileShare.Read, 0, FileOptions.SequentialScan);
        byte[] buffer = new byte[1 << 18];
        for (int count; (count = file.Read(buffer)) > 0;)
        {
            cancellation.ThrowIfCancellationRequested();
            hash.AppendData(buffer, 0, count);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private void RequireRegular()
    {
        if (FileIdentity.Of(Path) is { IsRegular: false })
            throw new InvalidDataException($"{Path}: a pipe or a device, which gives its text once, and here it is read several " +
                $"times. Write it to a file first, and name that.");
    }

    private static Compression CompressionOf(string path) =>
        EndsWith(path, ".gz") ? Compression.Gzip : EndsWith(path, ".zst") ? Compression.Zstandard : Compression.None;

    private static bool EndsWith(string path, string extension) => path.EndsWith(extension, StringComparison.OrdinalIgnoreCase);
}
