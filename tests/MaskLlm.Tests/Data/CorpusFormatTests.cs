using System.Runtime.InteropServices;
using System.Text;
using MaskLlm.Data;

namespace MaskLlm.Tests.Data;

/// <summary>What each kind of file is read as, and what bad files are told.</summary>
public sealed class CorpusFormatTests : IDisposable
{
    private readonly DataFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("a.txt")]
    [InlineData("a.md")]
    [InlineData("noextension")]
    [InlineData("a.txt.gz")]
    [InlineData("a.md.zst")]
    public void Open_TextFile_IsOneDocumentByteForByte(string name)
    {
        const string text = "Zeile eins\r\n\n\n\u00e4\u20ac\U0001F600 zwei\n ";
        using Corpus corpus = _folder.Open(_folder.Write(name, text));
        Assert.Equal(DataFolder.Ids(text), DataFolder.TrainingIds(corpus));
        Assert.Equal(1, corpus.Sources[0].Documents);
    }

    [Fact]
    public void Open_ByteOrderMark_IsDroppedAtTheStartOnly()
    {
        using Corpus corpus = _folder.Open(_folder.Write("a.txt", "\uFEFFab\uFEFF"));
        Assert.Equal(DataFolder.Ids("ab\uFEFF"), DataFolder.TrainingIds(corpus));
    }

    [Fact]
    public void Open_DocumentSeparator_SplitsAndLeavesEmptyDocumentsOut()
    {
        string path = _folder.Write("a.txt", "\n\n\none\n\n\n\n\n\n two\n\n\n\nthree\n\n\n");
        using Corpus corpus = DataFolder.Open(_folder.Options(path) with { DocumentSeparator = "\n\n\n" }, _folder.Bytes());
        Assert.Equal(DataFolder.Ids("one", " two", "\nthree"), DataFolder.TrainingIds(corpus));
        Assert.Equal(3, corpus.Sources[0].Documents);
    }

    [Fact]
    public void Open_NoSeparatorId_PutsNothingBetweenDocuments()
    {
        string path = _folder.Write("a.txt", "one|two");
        using Corpus corpus = DataFolder.Open(_folder.Options(path) with { DocumentSeparator = "|" }, _folder.Bytes(separator: null));
        Assert.Equal("onetwo"u8.ToArray().Select(b => (int)b), DataFolder.TrainingIds(corpus));
    }

    [Theory]
    [InlineData("a.jsonl")]
    [InlineData("a.jsonl.gz")]
    [InlineData("a.JSONL.zst")]
    public void Open_JsonLines_TakesTheTextOfEachLine(string name)
    {
        string path = _folder.Write(name,
            "\uFEFF{\"text\": \"one\\n\\u00e4\", \"id\": 1}\r\n\n{\"id\": 2, \"text\": \"\"}\n  \n{\"text\":\"\U0001F600\"}");
        using Corpus corpus = _folder.Open(path);
        Assert.Equal([.. DataFolder.Ids("one\n\u00e4"), .. DataFolder.Ids("\U0001F600")], DataFolder.TrainingIds(corpus));
    }

    [Fact]
    public void Open_JsonLineLongerThanTheBuffer_IsReadWhole()
    {
        string text = new('x', 300_000);
        using Corpus corpus = _folder.Open(_folder.Write("a.jsonl", $"{{\"text\":\"{text}\"}}\n{{\"text\":\"end\"}}\n"));
        Assert.Equal(DataFolder.Ids(text, "end"), DataFolder.TrainingIds(corpus));
    }

    [Theory]
    [InlineData("|u1", 1)]
    [InlineData("<i2", 2)]
    [InlineData("<u2", 2)]
    [InlineData("<i4", 4)]
    [InlineData("<u4", 4)]
    [InlineData("<i8", 8)]
    public void Open_NpyOfOneDimension_IsOneStreamWithoutSeparators(string type, int size)
    {
        int[] ids = [.. Enumerable.Range(1, 120)];
        byte[] bytes = [.. ids.SelectMany(id => BitConverter.GetBytes((long)id).Take(size))];
        using Corpus corpus = _folder.Open(_folder.WriteNpy("a.npy", type, "120,", bytes));
        Assert.Equal(ids, DataFolder.TrainingIds(corpus));
        Assert.Equal(1, corpus.Sources[0].Documents);
    }

    [Fact]
    public void Open_NpyOfTwoDimensionsCompressed_HasADocumentARow()
    {
        ushort[] ids = [.. Enumerable.Range(0, 30).Select(i => (ushort)i)];
        using Corpus corpus = _folder.Open(_folder.WriteNpy("a.npy.gz", "<u2", "6, 5", MemoryMarshal.AsBytes(ids.AsSpan()).ToArray()));
        Assert.Equal(ids.Select(id => (int)id), DataFolder.TrainingIds(corpus));
        Assert.Equal(6, corpus.Sources[0].Documents);
    }

    [Fact]
    public void Batches_NpyRowsOfLengthPlusOne_AreSequencesAsTheyAre()
    {
        byte[] ids = [.. Enumerable.Range(0, 40).Select(i => (byte)i)];
        using Corpus corpus = _folder.Open(_folder.WriteNpy("a.npy", "|u1", "8, 5", ids));
        BatchSampler sampler = corpus.Batches(8, 4, 1);
        int[] batch = new int[8 * 5];
        sampler.Fill(0, batch);
        Assert.Equal(8, sampler.SequencesAvailable);
        Assert.Equal([0, 5, 10, 15, 20, 25, 30, 35], batch.Chunk(5).Select(row => row[0]).Order());
    }

    [Fact]
    public void Open_LargeVocabulary_KeepsIdsAboveSixteenBits()
    {
        int[] ids = [70_000, 1, 65_536, 99_999];
        string path = _folder.WriteNpy("a.npy", "<i4", "4,", MemoryMarshal.AsBytes(ids.AsSpan()).ToArray());
        using Corpus corpus = DataFolder.Open(_folder.Options(path), _folder.Bytes(vocabulary: 100_000));
        Assert.Equal(ids, DataFolder.TrainingIds(corpus));
    }

    [Theory]
    [InlineData("data")]
    [InlineData("data/**/*.*")]
    public void Open_FolderOrGlob_ReadsAllFilesInOrdinalOrder(string name)
    {
        _folder.Write("data/b.txt", "bb");
        _folder.Write("data/a.jsonl", "{\"text\":\"aa\"}");
        _folder.Write("data/sub/c.md.gz", "cc");
        using Corpus corpus = _folder.Open(Path.Combine(_folder.Root, name));
        Assert.Equal(DataFolder.Ids("aa", "bb", "cc"), DataFolder.TrainingIds(corpus));
    }

    [Fact]
    public void Open_GlobOfOneExtension_ReadsOnlyThat()
    {
        _folder.Write("data/b.txt", "bb");
        _folder.Write("data/a.md", "aa");
        _folder.Write("data/.hidden.md", "hidden");
        using Corpus corpus = _folder.Open(Path.Combine(_folder.Root, "data", "*.txt"));
        Assert.Equal(DataFolder.Ids("bb"), DataFolder.TrainingIds(corpus));
    }

    [Fact]
    public void Open_FolderWithHiddenFiles_LeavesThemOut()
    {
        _folder.Write("data/.hidden", "no");
        _folder.Write("data/.git/x", "no");
        _folder.Write("data/seen", "yes");
        using Corpus corpus = _folder.Open(Path.Combine(_folder.Root, "data"));
        Assert.Equal(DataFolder.Ids("yes"), DataFolder.TrainingIds(corpus));
    }

    [Fact]
    public void Open_ManyDocuments_KeepsTheirOrder()
    {
        string[] documents = [.. Enumerable.Range(0, 10_000).Select(i => $"document {i}")];
        string path = _folder.Write("a.txt", string.Join("\n---\n", documents));
        using Corpus corpus = DataFolder.Open(_folder.Options(path) with { DocumentSeparator = "\n---\n" }, _folder.Bytes());
        Assert.Equal(DataFolder.Ids(documents), DataFolder.TrainingIds(corpus));
    }

    [Theory]
    [InlineData("a.txt")]
    [InlineData("a.txt.gz")]
    public void Open_InvalidUtf8_NamesFileAndOffset(string name)
    {
        string path = _folder.Write(name, [.. Encoding.UTF8.GetBytes(new string('x', 70_000)), 0xC3, 0x28]);
        InvalidDataException error = Assert.Throws<InvalidDataException>(() => _folder.Open(path));
        Assert.Contains(path, error.Message, StringComparison.Ordinal);
        Assert.Contains("byte 70000 ", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Open_Utf8CutShortAtTheEnd_Throws() =>
        Assert.Throws<InvalidDataException>(() => _folder.Open(_folder.Write("a.txt", [0x61, 0xE2, 0x82])));

    [Theory]
    [InlineData("{\"id\": 1}", "has no \"text\"")]
    [InlineData("{\"text\": 1}", "JSON Number")]
    [InlineData("{\"text\": null}", "JSON Null")]
    [InlineData("[1]", "JSON Array")]
    [InlineData("{\"text\": ", "no JSON")]
    [InlineData("{\"text\": \"\\ud800\"}", "surrogate")]
    public void Open_BadJsonLine_NamesFileAndLine(string line, string what)
    {
        string path = _folder.Write("a.jsonl", $"{{\"text\":\"good\"}}\n\n{line}\n");
        InvalidDataException error = Assert.Throws<InvalidDataException>(() => _folder.Open(path));
        Assert.Contains($"{path}: line 3: ", error.Message, StringComparison.Ordinal);
        Assert.Contains(what, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Open_JsonLineThatIsNoUtf8_NamesTheLine()
    {
        string path = _folder.Write("a.jsonl", [.. "{\"text\":\""u8, 0xFF, .. "\"}\n"u8]);
        Assert.Contains("line 1: the line is no UTF-8", Assert.Throws<InvalidDataException>(() => _folder.Open(path)).Message,
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("a.txt.gz")]
    [InlineData("a.txt.zst")]
    public void Open_CompressedFileCutShortAnywhere_Throws(string name)
    {
        string whole = _folder.Write("whole/" + name, string.Concat(Enumerable.Range(0, 500).Select(i => $"{i * 7919} ")));
        byte[] bytes = File.ReadAllBytes(whole);
        foreach (int length in Enumerable.Range(1, 20).Concat(Enumerable.Range(1, 20).Select(i => bytes.Length - i))
            .Append(bytes.Length / 2))
        {
            string path = Path.Combine(_folder.Root, name);
            File.WriteAllBytes(path, bytes[..length]);
            Assert.Throws<InvalidDataException>(() => _folder.Open(path));
        }
    }

    [Theory]
    [InlineData("a.txt.gz")]
    [InlineData("a.txt.zst")]
    public void Open_CompressedFilesJoined_AreReadOneAfterTheOther(string name)
    {
        byte[] first = File.ReadAllBytes(_folder.Write("first/" + name, "first "));
        byte[] second = File.ReadAllBytes(_folder.Write("second/" + name, "second"));
        string path = Path.Combine(_folder.Root, name);
        File.WriteAllBytes(path, [.. first, .. second]);
        using Corpus corpus = _folder.Open(path);
        Assert.Equal(DataFolder.Ids("first second"), DataFolder.TrainingIds(corpus));
    }

    [Fact]
    public void Open_CompressedFileDamaged_Throws()
    {
        string path = _folder.Write("a.gz", new string('x', 1000));
        byte[] bytes = File.ReadAllBytes(path);
        bytes[^6] ^= 1; // in the checksum
        File.WriteAllBytes(path, bytes);
        Assert.Throws<InvalidDataException>(() => _folder.Open(path));
    }

    [Theory]
    [InlineData("<i4", -1)]
    [InlineData("<i4", 257)]
    public void Open_NpyIdOutsideTheVocabulary_NamesPositionAndId(string type, int id)
    {
        int[] ids = [0, 256, id];
        string path = _folder.WriteNpy("a.npy", type, "3,", MemoryMarshal.AsBytes(ids.AsSpan()).ToArray());
        InvalidDataException error = Assert.Throws<InvalidDataException>(() => _folder.Open(path));
        Assert.Contains($"{path}: id {id} at position 2; wanted 0 to 256", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("<f4", "3,", "False", "'<f4'; wanted uint8")]
    [InlineData("|i1", "12,", "False", "'|i1'; wanted uint8")]
    [InlineData("<u8", "3,", "False", "'<u8'; wanted uint8")]
    [InlineData(">i4", "3,", "False", "'>i4' and only little-endian")]
    [InlineData("<i4", "1, 1, 3", "False", "shape (1, 1, 3); wanted one stream")]
    [InlineData("<i4", "", "False", "shape (); wanted one stream")]
    [InlineData("<i4", "3, 1", "True", "Fortran order and only C order")]
    public void Open_NpyOfAnotherKind_SaysWhatIsWanted(string type, string shape, string order, string expected)
    {
        string path = _folder.WriteNpy("a.npy", type, shape, new byte[12], order);
        string message = Assert.Throws<NotSupportedException>(() => _folder.Open(path)).Message;
        Assert.StartsWith(path, message, StringComparison.Ordinal);
        Assert.Contains(expected, message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("4,")]
    [InlineData("2,")]
    [InlineData("0,")]
    [InlineData("1099511627776, 1099511627776")]
    [InlineData("-3,")]
    [InlineData("three,")]
    public void Open_NpyShapeThatDoesNotFitTheFile_Throws(string shape) =>
        Assert.Throws<InvalidDataException>(() => _folder.Open(_folder.WriteNpy("a.npy", "<i4", shape, new byte[12])));

    [Fact]
    public void Open_NpyCutShortAnywhere_Throws()
    {
        byte[] whole = File.ReadAllBytes(_folder.WriteNpy("a.npy", "<i4", "3,", new byte[12]));
        string path = Path.Combine(_folder.Root, "cut.npy");
        for (int length = 0; length < whole.Length; length++)
        {
            File.WriteAllBytes(path, whole[..length]);
            Assert.Throws<InvalidDataException>(() => _folder.Open(path));
        }
    }

    [Theory]
    [InlineData("missing.txt")]
    [InlineData("missing/*.txt")]
    [InlineData("*.none")]
    [InlineData("empty")]
    public void Open_NothingThere_Throws(string name)
    {
        Directory.CreateDirectory(Path.Combine(_folder.Root, "empty"));
        string path = Path.Combine(_folder.Root, name);
        Assert.Contains(path, Assert.Throws<FileNotFoundException>(() => _folder.Open(path)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("a.txt", "")]
    [InlineData("a.jsonl", "\n\n")]
    public void Open_NoTextInIt_Throws(string name, string text)
    {
        string path = _folder.Write(name, text);
        Assert.Contains(path, Assert.Throws<InvalidDataException>(() => _folder.Open(path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Batches_FewerTokensThanASequence_NamesTheSource()
    {
        string path = _folder.Write("a.txt", "short");
        using Corpus corpus = _folder.Open(path);
        InvalidDataException error = Assert.Throws<InvalidDataException>(() => corpus.Batches(1, 6, 0));
        Assert.Contains($"{path}: 6 training tokens; one sequence takes 7", error.Message, StringComparison.Ordinal);
        Assert.Equal(1, corpus.Batches(1, 5, 0).SequencesAvailable);
    }

    [Fact]
    public void Open_TokenizerThatGivesAForeignId_Throws()
    {
        string path = _folder.Write("a.txt", "z");
        Assert.Throws<InvalidDataException>(() => DataFolder.Open(_folder.Options(path), _folder.Bytes(vocabulary: 100, separator: 0)));
    }

    [Fact]
    public void Open_EncodeThrows_PassesThatExceptionOn()
    {
        string path = _folder.Write("a.txt", "z");
        TokenEncoding failing = _folder.Bytes() with { Encode = _ => throw new TimeZoneNotFoundException() };
        Assert.Throws<TimeZoneNotFoundException>(() => DataFolder.Open(_folder.Options(path), failing));
        Assert.Empty(_folder.CacheFiles);
    }
}
