using System.IO.Compression;
using System.Text;
using MaskLlm.Data;
using MaskLlm.Machine;
using ZstdSharp;

namespace MaskLlm.Tests.Data;

/// <summary>A temporary folder with data files and a cache, and a byte-level stand-in for a tokenizer that counts its calls.</summary>
public sealed class DataFolder : IDisposable
{
    public const int Separator = 256;
    private int _calls;

    public DataFolder() => Directory.CreateDirectory(Root);

    public string Root { get; } = Path.Combine(Path.GetTempPath(), "maskllm-data-" + Guid.NewGuid().ToString("N"));

    public string Cache => Path.Combine(Root, "cache");

    public int Calls => _calls;

    public string[] CacheFiles => [.. Directory.GetFiles(Cache).Order(StringComparer.Ordinal)];

    public TokenEncoding Bytes(string hash = "bytes", int vocabulary = 257, int? separator = Separator) => new(
        text =>
        {
            Interlocked.Increment(ref _calls);
            return [.. Encoding.UTF8.GetBytes(text).Select(b => (int)b)];
        },
        hash, vocabulary, separator);

    public string Write(string name, byte[] content)
    {
        string path = Path.Combine(Root, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        using FileStream file = File.Create(path);
        if (name.EndsWith(".gz", StringComparison.Ordinal))
        {
            using GZipStream gzip = new(file, CompressionLevel.Fastest);
            gzip.Write(content);
        }
        else if (name.EndsWith(".zst", StringComparison.Ordinal))
        {
            using CompressionStream zstandard = new(file);
            zstandard.Write(content);
        }
        else
        {
            file.Write(content);
        }

        return path;
    }

    public string Write(string name, string content) => Write(name, Encoding.UTF8.GetBytes(content));

    public string WriteNpy(string name, string type, string shape, byte[] ids, string fortranOrder = "False")
    {
        string header = $"{{'descr': '{type}', 'fortran_order': {fortranOrder}, 'shape': ({shape}), }}";
        header = header.PadRight(117) + "\n";
        return Write(name, [0x93, .. "NUMPY"u8, 1, 0, (byte)header.Length, 0, .. Encoding.Latin1.GetBytes(header), .. ids]);
    }

    public CorpusOptions Options(params string[] arguments) => new()
    {
        Sources = [.. arguments.Select(DataSource.Parse)],
        CacheFolder = Cache,
        HeldOutFraction = 0,
    };

    public static Corpus Open(CorpusOptions options, TokenEncoding encoding, IProgress<Progress>? progress = null) =>
        Corpus.Open(options, encoding, progress, TestContext.Current.CancellationToken);

    public Corpus Open(params string[] arguments) => Open(Options(arguments), Bytes());

    /// <summary>All training ids of a corpus with one source, in the order of the file.</summary>
    public static int[] TrainingIds(Corpus corpus)
    {
        int length = (int)corpus.Sources.Single().Tokens;
        int[] ids = new int[length];
        corpus.Batches(1, length - 1, 0).Fill(0, ids);
        return ids;
    }

    /// <summary>The ids of documents as the stand-in tokenizer gives them, each after a separator.</summary>
    public static int[] Ids(params string[] documents) =>
        [.. documents.SelectMany(text => Encoding.UTF8.GetBytes(text).Select(b => (int)b).Prepend(Separator))];

    public void Dispose() => Directory.Delete(Root, recursive: true);
}
