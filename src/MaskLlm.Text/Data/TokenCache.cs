using System.Security.Cryptography;
using System.Text;
using MaskLlm.Formats;
using MaskLlm.Machine;

namespace MaskLlm.Data;

/// <summary>Token files by what they were made from: contents, tokenizer, separators. Changed data or another tokenizer find no file and
/// make one.</summary>
internal sealed class TokenCache(CorpusOptions options, TokenEncoding encoding, IProgress<Progress>? progress)
{
    private static readonly TimeSpan _abandonedAfter = TimeSpan.FromDays(2);

    /// <summary>The token file of a source: the cached one, or one made now.</summary>
    /// <param name="files">The source's files.</param>
    /// <param name="hashes">Their content hashes.</param>
    /// <param name="cancellation">Ends the work; nothing half-written stays.</param>
    /// <exception cref="InvalidDataException">A file cannot be read, or the source holds no token.</exception>
    public TokenFile Open(SourceFiles files, string[] hashes, CancellationToken cancellation)
    {
        string path = Path.Combine(options.CacheFolder, Key(files, hashes) + ".tokens");
        if (TokenFile.TryOpen(path, cancellation) is TokenFile cached)
            return cached;
        PrivateFolder.Create(options.CacheFolder);
        DeleteAbandoned();
        DiskFullException.Naming(path, () => Build(path, files, cancellation),
            "make room there, or name another folder for such caches with XDG_CACHE_HOME, and start again");
        return TokenFile.TryOpen(path, cancellation)
            ?? throw new IOException($"{path}: the token cache was written but does not read back as written. Check the disk, or choose "
                + $"another cache folder.");
    }

    private void Build(string path, SourceFiles files, CancellationToken cancellation)
    {
        using TokenFileWriter writer = new(path, encoding.VocabularySize);
        long rowTokens = new SourceTokenizer(files, options, encoding, writer, progress).Run(cancellation);
        if (writer.Tokens == 0)
            throw new InvalidDataException(
                $"{files.Path}: no text and no token in it ({files.Files.Count} files). Check the path and the document separator.");
        writer.Complete(rowTokens);
    }

    private string Key(SourceFiles files, string[] hashes)
    {
        StringBuilder key = new();
        key.AppendJoin('\n', TokenFileHeader.Version, encoding.Hash, encoding.VocabularySize, encoding.SeparatorId,
            options.DocumentSeparator);
        for (int i = 0; i < hashes.Length; i++)
            key.Append('\n').AppendJoin(' ', files.Files[i].Kind, files.Files[i].Compression, hashes[i]);
        if (options.TextColumn != CorpusOptions.DefaultTextColumn) key.Append('\n').Append(options.TextColumn);
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key.ToString())));
    }

    /// <summary>
    /// Removes what killed processes of earlier versions left: temporary files without the process's name that nobody has
    /// written to for days.
    /// </summary>
    private void DeleteAbandoned()
    {
        foreach (string file in Directory.EnumerateFiles(options.CacheFolder, "*.tmp"))
        {
            if (DateTime.UtcNow - File.GetLastWriteTimeUtc(file) > _abandonedAfter)
                File.Delete(file);
        }
    }
}
