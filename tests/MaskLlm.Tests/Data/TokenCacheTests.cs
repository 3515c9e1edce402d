using System.Runtime.Versioning;
using MaskLlm.Data;
using MaskLlm.Machine;
using MaskLlm.Tests.Machine;

namespace MaskLlm.Tests.Data;

public sealed class TokenCacheTests : IDisposable
{
    private readonly DataFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private string WriteDocuments() => _folder.Write("a.txt", string.Join('|', Enumerable.Range(0, 50).Select(i => $"document {i}")));

    private int CallsToOpen(CorpusOptions options, TokenEncoding encoding)
    {
        int before = _folder.Calls;
        DataFolder.Open(options, encoding).Dispose();
        return _folder.Calls - before;
    }

    [Fact]
    public void Open_SecondTime_DoesNotEncodeAgain()
    {
        CorpusOptions options = _folder.Options(WriteDocuments()) with { DocumentSeparator = "|" };
        Assert.Equal(50, CallsToOpen(options, _folder.Bytes()));
        Assert.Equal(0, CallsToOpen(options, _folder.Bytes()));
        Assert.Equal(0, CallsToOpen(options with { HeldOutFraction = 0.1 }, _folder.Bytes()));
        Assert.Single(_folder.CacheFiles);
    }

    [Fact]
    public void Open_SameContentInAnotherPlace_IsFound()
    {
        Assert.Equal(1, CallsToOpen(_folder.Options(_folder.Write("a.txt", "same text")), _folder.Bytes()));
        Assert.Equal(0, CallsToOpen(_folder.Options(_folder.Write("b.md", "same text")), _folder.Bytes()));
    }

    [Fact]
    public void Open_ChangedContentTokenizerOrSeparators_EncodesAgain()
    {
        string path = WriteDocuments();
        CorpusOptions options = _folder.Options(path) with { DocumentSeparator = "|" };
        CallsToOpen(options, _folder.Bytes());
        Assert.Equal(50, CallsToOpen(options, _folder.Bytes(hash: "other")));
        Assert.Equal(50, CallsToOpen(options, _folder.Bytes(vocabulary: 300)));
        Assert.Equal(50, CallsToOpen(options, _folder.Bytes(separator: 0)));
        Assert.Equal(50, CallsToOpen(options, _folder.Bytes(separator: null)));
        Assert.Equal(1, CallsToOpen(options with { DocumentSeparator = null }, _folder.Bytes()));
        File.AppendAllText(path, "|one more");
        Assert.Equal(51, CallsToOpen(options, _folder.Bytes()));
    }

    [Fact]
    public void Open_SameBytesUnderAnotherKind_EncodesAgain()
    {
        const string text = "{\"text\":\"x\"}";
        Assert.Equal(1, CallsToOpen(_folder.Options(_folder.Write("a.txt", text)), _folder.Bytes()));
        Assert.Equal(1, CallsToOpen(_folder.Options(_folder.Write("a.jsonl", text)), _folder.Bytes()));
    }

    [Fact]
    public void Open_CacheFileCutShortAnywhere_IsMadeAgain()
    {
        CorpusOptions options = _folder.Options(_folder.Write("a.txt", "some text"));
        CallsToOpen(options, _folder.Bytes());
        byte[] whole = File.ReadAllBytes(_folder.CacheFiles.Single());
        for (int length = 0; length < whole.Length; length++)
        {
            File.WriteAllBytes(_folder.CacheFiles.Single(), whole[..length]);
            Assert.Equal(1, CallsToOpen(options, _folder.Bytes()));
            Assert.Equal(whole, File.ReadAllBytes(_folder.CacheFiles.Single()));
        }
    }

    [Fact]
    public void Open_CacheFileWithAnyByteChanged_IsMadeAgain()
    {
        CorpusOptions options = _folder.Options(_folder.Write("a.txt", "some text"));
        CallsToOpen(options, _folder.Bytes());
        byte[] whole = File.ReadAllBytes(_folder.CacheFiles.Single());
        for (int position = 0; position < whole.Length; position++)
        {
            byte[] changed = [.. whole];
            changed[position] ^= 0x80;
            File.WriteAllBytes(_folder.CacheFiles.Single(), changed);
            Assert.Equal(1, CallsToOpen(options, _folder.Bytes()));
            Assert.Equal(whole, File.ReadAllBytes(_folder.CacheFiles.Single()));
        }
    }

    [Fact]
    public void Open_Interrupted_LeavesNothingHalfWritten()
    {
        string path = WriteDocuments();
        using CancellationTokenSource cancellation = new();
        TokenEncoding interrupted = _folder.Bytes() with
        {
            Encode = text =>
            {
                cancellation.Cancel();
                return [1];
            },
        };
        CorpusOptions options = _folder.Options(path) with { DocumentSeparator = "|" };
        Assert.ThrowsAny<OperationCanceledException>(() => Corpus.Open(options, interrupted, null, cancellation.Token));
        Assert.Empty(_folder.CacheFiles);
    }

    [Fact]
    public void Open_TwiceAtOnce_BothReadTheSame()
    {
        CorpusOptions options = _folder.Options(WriteDocuments()) with { DocumentSeparator = "|" };
        using Barrier barrier = new(2);
        TokenEncoding meeting = _folder.Bytes();
        int[][] ids = new int[2][];
        List<Thread> threads = ids.Select((_, i) => new Thread(() =>
        {
            bool met = false;
            Func<string, int[]> encode = meeting.Encode;
            TokenEncoding encoding = meeting with
            {
                Encode = text =>
                {
                    if (!Interlocked.Exchange(ref met, true))
                        barrier.SignalAndWait(TimeSpan.FromSeconds(30));
                    return encode(text);
                },
            };
            using Corpus corpus = DataFolder.Open(options, encoding);
            ids[i] = DataFolder.TrainingIds(corpus);
        })).ToList();
        threads.ForEach(thread => thread.Start());
        threads.ForEach(thread => thread.Join());
        Assert.Equal(DataFolder.Ids([.. Enumerable.Range(0, 50).Select(i => $"document {i}")]), ids[0]);
        Assert.Equal(ids[0], ids[1]);
        Assert.Single(_folder.CacheFiles);
    }

    [Fact]
    public void Open_AbandonedTemporaryFiles_AreRemovedAndFreshOnesKept()
    {
        string old = _folder.Write("cache/x.tokens.1.tmp", "old"), fresh = _folder.Write("cache/y.tokens.2.tmp", "fresh");
        // Two days.
        File.SetLastWriteTimeUtc(old, DateTime.UtcNow.AddHours(-49));
        File.SetLastWriteTimeUtc(fresh, DateTime.UtcNow.AddHours(-47));
        _folder.Open(WriteDocuments()).Dispose();
        Assert.False(File.Exists(old));
        Assert.True(File.Exists(fresh));
    }

    [Fact]
    [UnsupportedOSPlatform("windows")]
    public void Open_NewCache_IsItsUsersOnly()
    {
        if (OperatingSystem.IsWindows()) Assert.Skip("Unix has such permissions");
        DataFolder.Open(_folder.Options(WriteDocuments()), _folder.Bytes()).Dispose();
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(_folder.Cache));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Assert.Single(_folder.CacheFiles)));
    }

    [Fact]
    public void Read_FileCutShortMeanwhile_SaysSo()
    {
        using Corpus corpus = DataFolder.Open(_folder.Options(WriteDocuments()), _folder.Bytes());
        using (FileStream cut =
            new(Assert.Single(_folder.CacheFiles), FileMode.Open, FileAccess.Write, FileShare.ReadWrite)) cut.SetLength(80);
        InvalidDataException refused = Assert.Throws<InvalidDataException>(() => corpus.Batches(4, 8, 0).Fill(0, new int[36]));
        Assert.Contains("cut short", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Open_Tokenising_ReportsUpToAllBytes()
    {
        string path = WriteDocuments();
        ToldProgress told = new();
        DataFolder.Open(_folder.Options(path), _folder.Bytes(), told).Dispose();
        long length = new FileInfo(path).Length;
        Assert.Equal(new Progress($"tokenising {path}", length, length), told.All[^1]);
    }
}
