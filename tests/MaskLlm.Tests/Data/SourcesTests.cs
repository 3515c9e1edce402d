using System.Text;
using MaskLlm.Data;

namespace MaskLlm.Tests.Data;

/// <summary>What the sources of a corpus hold, kind by kind.</summary>
public sealed class SourcesTests : IDisposable
{
    private readonly DataFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void HasOnlyIds_OneTextAmongThem_HasNot()
    {
        _folder.WriteNpy("ids/a.npy", "|u1", "2,", [1, 2]);
        _folder.WriteNpy("ids/b.npy.gz", "|u1", "2,", [1, 2]);
        string ids = Path.Combine(_folder.Root, "ids");
        Assert.True(SourceFiles.Find(ids).HasOnlyIds);
        _folder.Write("ids/c.txt", "text");
        Assert.False(SourceFiles.Find(ids).HasOnlyIds);
    }

    [Fact]
    public void Documents_TextAndJson_AreReadByTheirKind()
    {
        string text = _folder.Write("a.txt", "one--two"),
            json = _folder.Write("b.jsonl", "{\"text\": \"three--\"}\n{\"text\": \"four\"}\n");
        Assert.Equal(["one", "two", "three--", "four"],
            CorpusText.Documents(_folder.Options(text, json) with { DocumentSeparator = "--" }));
        string ids = _folder.WriteNpy("c.npy", "|u1", "2,", [1, 2]);
        Assert.Equal(
            $"{ids}: token ids; a tokenizer is trained on text.",
            Assert.Throws<InvalidDataException>(() => CorpusText.Documents(_folder.Options(ids)).Count()).Message);
    }

    [Fact]
    public void ReadRows_Matrix_GivesItsFirstRows()
    {
        string path = _folder.WriteNpy("m.npy", "|u1", "3, 2", [0, 1, 2, 3, 4, 5]);
        Assert.Equal([[0, 1], [2, 3]], WholeTokens.ReadRows(path, 6, 2)!);
        Assert.Equal([[0, 1], [2, 3], [4, 5]], WholeTokens.ReadRows(path, 6, 4)!);
        Assert.Null(WholeTokens.ReadRows(_folder.WriteNpy("v.npy", "|u1", "3,", [0, 1, 2]), 6, 2));
        Assert.Null(WholeTokens.ReadRows(_folder.Write("t.txt", "text"), 6, 2));
        Assert.Null(WholeTokens.ReadRows(Path.Combine(_folder.Root, "absent.npy"), 6, 2));
    }

    /// <summary>Rows of one width are sequences by themselves; where widths differ, the ids are one stream of 12 or 11 (of 4: three, or
    /// two).</summary>
    [Theory]
    [InlineData("2, 4", 8, "1, 4", 4, 3)]
    [InlineData("2, 4", 8, "1, 3", 3, 3)]
    [InlineData("1, 3", 3, "2, 4", 8, 3)]
    [InlineData("2, 4", 8, "4,", 4, 3)]
    [InlineData("3, 4", 12, "2, 4", 8, 5)]
    [InlineData("3, 4", 12, "4, 2", 8, 6)]
    public void Open_SeveralMatrices_AreRowsWhereAllHaveOneWidth(string first, int firstIds, string second, int secondIds, int sequences)
    {
        _folder.WriteNpy("ids/a.npy", "|u1", first, [.. Enumerable.Range(0, firstIds).Select(i => (byte)i)]);
        _folder.WriteNpy("ids/b.npy", "|u1", second, [.. Enumerable.Range(100, secondIds).Select(i => (byte)i)]);
        using Corpus corpus = _folder.Open(Path.Combine(_folder.Root, "ids"));
        Assert.Equal(firstIds + secondIds, corpus.Sources.Single().Tokens);
        BatchSampler batches = corpus.Batches(1, 3, 0);
        Assert.Equal((sequences, 3 * sequences), (batches.SequencesAvailable, batches.TokensAvailable));
    }

    [Theory]
    [InlineData(0, true)]
    [InlineData(256, true)]
    [InlineData(257, false)]
    [InlineData(-1, false)]
    public void Validate_Separator_IsAnIdOfTheVocabulary(int separator, bool isOne)
    {
        TokenEncoding encoding = _folder.Bytes(separator: separator);
        if (isOne) encoding.Validate();
        else Assert.Equal("SeparatorId", Assert.Throws<ArgumentException>(encoding.Validate).ParamName);
    }

    /// <summary>A page of one letter packs by more than the ratio at which a large file is refused; a small one may.</summary>
    [Fact]
    public void Read_SmallFileThatPacksWell_IsRead()
    {
        string text = new('a', 4 << 20);
        string path = _folder.Write("a.txt.zst", text);
        Assert.InRange(new FileInfo(path).Length, 1, text.Length / 1000);
        Assert.Equal(text, WholeText.Read(path, TestContext.Current.CancellationToken));
    }

    /// <summary>Only the mark at the very start is none of the text, wherever reading begins anew.</summary>
    [Theory]
    [InlineData(1 << 16)]
    [InlineData((1 << 16) + 3)]
    [InlineData(1 << 17)]
    public void Read_ByteOrderMarkLater_IsText(int before)
    {
        string text = new string('a', before) + "\uFEFFb";
        Assert.Equal(text, WholeText.Read(_folder.Write("a.txt", text), TestContext.Current.CancellationToken));
        Assert.Equal(text, WholeText.Read(_folder.Write("b.txt", "\uFEFF" + text), TestContext.Current.CancellationToken));
    }

    /// <summary>A document as long as a piece may be is one; a longer one is cut after a line.</summary>
    [Theory]
    [InlineData("ab\ncdef", "ab\ncdef")]
    [InlineData("ab\ncdefg", "ab\n|cdefg")]
    [InlineData("ab\ncdef--x", "ab\ncdef|x")]
    [InlineData("ab\ncdefg--x", "ab\n|cdefg|x")]
    public void Read_DocumentOfTheLimit_IsOnePiece(string text, string pieces)
    {
        using SourceStream stream = SourceFile.At(_folder.Write("a.txt", text)).Open();
        Assert.Equal(pieces, string.Join('|', TextDocuments.Read(stream, "--", 7).Select(piece => piece.Text)));
    }

    [Fact]
    public void CountsBefore_AnyDraw_CountsThoseBeforeIt()
    {
        SourceSchedule schedule = new([0.2, 0.3, 0.5], 7);
        long[] counted = new long[3];
        Dictionary<long, long[]> before = [];
        for (long draw = 0; draw <= 12_289; draw++)
        {
            if (draw is 0 or 1 or 4095 or 4096 or 4097 or 8192 or 12_288 or 12_289) before[draw] = [.. counted];
            counted[schedule.SourceOf(draw)]++;
        }
        // From the last on, so that what is remembered is made at once and used again.
        foreach ((long draw, long[] counts) in before.OrderByDescending(entry => entry.Key))
            Assert.Equal(counts, schedule.CountsBefore(draw));
    }

    /// <summary>A run goes on under a later version with the batches of an earlier one: what is drawn for a seed stays.</summary>
    [Fact]
    public void Fill_SeedAndStep_DrawWhatTheyDrewInEarlierVersions()
    {
        string first = _folder.Write("a.txt", "0123456789"), second = _folder.Write("b.txt", "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
        using Corpus corpus = DataFolder.Open(_folder.Options($"{first}:0.25", $"{second}:0.75"), _folder.Bytes(separator: null));
        BatchSampler batches = corpus.Batches(6, 2, 42);
        Assert.Equal(
            "IJK678EFGQRSCDEKLM 456012OPQGHISTUMNO GHIQRSABCKLMEFG012 | 811 929 606 165 880 | 5740936678 8373641069 1000939325 4579092790 "
            + "856999075",
            string.Join(' ', new[] { 0, 1, 1000 }.Select(step => Row(batches, step))) + " | " + Places(1000, epoch: 3) + " | "
                + Places(1L << 33, epoch: 0));
    }

    private static string Places(long count, long epoch)
    {
        SequencePermutation permutation = new(count, 42, 1UL << 63, epoch);
        return string.Join(' ', Enumerable.Range(0, 5).Select(place => permutation[place]));
    }

    private static string Row(BatchSampler batches, long step)
    {
        int[] ids = new int[18];
        batches.Fill(step, ids);
        return Encoding.ASCII.GetString([.. ids.Select(id => (byte)id)]);
    }
}
