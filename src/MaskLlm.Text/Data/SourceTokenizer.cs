using System.Buffers.Binary;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using MaskLlm.Machine;

namespace MaskLlm.Data;

/// <summary>Turns the files of one source into a token file: documents are encoded side by side and written in their order.</summary>
internal sealed class SourceTokenizer(SourceFiles files, CorpusOptions options, TokenEncoding encoding, TokenFileWriter writer,
    IProgress<Progress>? progress)
{
    private const int BatchChars = 8 << 20; // text in memory at once, in characters
    private const int BatchPieces = 4096;
    private readonly long _totalBytes = files.TotalBytes();
    private readonly List<TextPiece> _batch = [];
    private long _batchChars;
    private long _earlierBytes; // of the files before the current one
    private long _rowTokens = -1; // -1: no row yet; 0: rows of several widths, or text
    private (int[] Ids, ulong Hash)[] _encoded = [];

    /// <summary>Reads all files.</summary>
    /// <returns>Ids in each document where all are rows of one width; 0 otherwise.</returns>
    public long Run(CancellationToken cancellation)
    {
        foreach (SourceFile file in files.Files)
        {
            using SourceStream stream = file.Open();
            if (file.Kind == ContentKind.TokenIds)
                AppendIds(stream, cancellation);
            else
                AppendText(stream, file.Kind, cancellation);
            _earlierBytes += stream.BytesOnDisk;
        }

        return Math.Max(0, _rowTokens);
    }

    private void AppendText(SourceStream stream, ContentKind kind, CancellationToken cancellation)
    {
        _rowTokens = 0;
        foreach (TextPiece piece in SourceDocuments.Read(stream, kind, options))
        {
            _batch.Add(piece);
            _batchChars += piece.Text.Length;
            if (_batchChars >= BatchChars || _batch.Count >= BatchPieces)
                EncodeBatch(stream, cancellation);
        }

        EncodeBatch(stream, cancellation);
    }

    private void EncodeBatch(SourceStream stream, CancellationToken cancellation)
    {
        _encoded = new (int[], ulong)[_batch.Count];
        ParallelOptions parallel = new()
        {
            CancellationToken = cancellation,
            MaxDegreeOfParallelism = options.Threads == 0 ? -1
            : options.Threads
        };
        try
        {
            Parallel.For(0, _batch.Count, parallel, i =>
                _encoded[i] = (Encode(_batch[i]), Hash(MemoryMarshal.AsBytes(_batch[i].Text.AsSpan()))));
        }
        catch (AggregateException e)
        {
            ExceptionDispatchInfo.Throw(e.InnerExceptions[0]);
        }

        for (int i = 0; i < _batch.Count; i++)
            AppendPiece(_batch[i], _encoded[i].Ids, _encoded[i].Hash);
        _batch.Clear();
        _batchChars = 0;
        Report(stream);
    }

    private int[] Encode(TextPiece piece)
    {
        int[] ids;
        try
        {
            ids = encoding.Encode(piece.Text);
        }
        catch (ArgumentException e)
        {
            throw new InvalidDataException($"{piece.Path}: {e.Message}", e);
        }

        foreach (int id in ids)
        {
            if ((uint)id >= (uint)encoding.VocabularySize)
                throw new InvalidDataException(
                    $"{piece.Path}: the tokenizer gave the id {id}; wanted 0 to {encoding.VocabularySize - 1}, its vocabulary.");
        }

        return ids;
    }

    private void AppendPiece(TextPiece piece, int[] ids, ulong hash)
    {
        if (piece.StartsDocument)
        {
            writer.BeginDocument();
            if (encoding.SeparatorId is int separator)
                writer.Append([separator]);
        }

        writer.AddHash(hash);
        writer.Append(ids);
    }

    /// <summary>Rows are documents, without separators: their ids are taken to be complete.</summary>
    private void AppendIds(SourceStream stream, CancellationToken cancellation)
    {
        TokenArray array = TokenArray.Read(stream);
        long width = array.IsMatrix ? array.Columns : 0;
        _rowTokens = _rowTokens < 0 || _rowTokens == width ? width : 0;
        foreach ((ReadOnlyMemory<int> ids, bool startsRow) in new NpyTokens(stream, array, encoding.VocabularySize).Read())
        {
            cancellation.ThrowIfCancellationRequested();
            if (startsRow)
                writer.BeginDocument();
            writer.AddHash(Hash(MemoryMarshal.AsBytes(ids.Span)));
            writer.Append(ids.Span);
        }

        Report(stream);
    }

    private static ulong Hash(ReadOnlySpan<byte> content)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(content, hash);
        return BinaryPrimitives.ReadUInt64LittleEndian(hash);
    }

    private void Report(SourceStream stream) =>
        progress?.Report(new Progress($"tokenising {files.Path}", _earlierBytes + stream.BytesOnDisk, _totalBytes));
}
