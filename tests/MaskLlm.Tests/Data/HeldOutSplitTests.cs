using System.Text;
using MaskLlm.Data;

namespace MaskLlm.Tests.Data;

public sealed class HeldOutSplitTests : IDisposable
{
    private readonly DataFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private static string[] Documents(int count, string mark = "d") => [.. Enumerable.Range(0, count).Select(i => $"{mark}{i:D5}")];

    private Corpus Open(CorpusOptions options) => DataFolder.Open(options with { DocumentSeparator = "|" }, _folder.Bytes());

    /// <summary>Documents of six characters in a stream of ids that begins with a separator.</summary>
    private static HashSet<string> DocumentsIn(IEnumerable<int> ids)
    {
        string text = string.Concat(ids.Select(id => id == DataFolder.Separator ? '|' : (char)id));
        return [.. text.Split('|').Where(document => document.Length == 6)];
    }

    private static HashSet<string> HeldOut(Corpus corpus) =>
        DocumentsIn(corpus.HeldOutWindows(7, int.MaxValue).SelectMany(window => window));

    private static HashSet<string> Trained(Corpus corpus)
    {
        const int rows = 10, length = 40;
        BatchSampler sampler = corpus.Batches(rows, length, 1);
        HashSet<string> seen = [];
        int[] batch = new int[rows * (length + 1)];
        for (int step = 0; step * rows < 3 * sampler.SequencesAvailable; step++)
        {
            sampler.Fill(step, batch);
            foreach (int[] row in batch.Chunk(length + 1))
                seen.UnionWith(DocumentsIn(row));
        }

        return seen;
    }

    [Fact]
    public void Open_ManyDocuments_HoldsOutAboutTheFractionAndNeverTrainsOnIt()
    {
        string path = _folder.Write("a.txt", string.Join('|', Documents(2000)));
        using Corpus corpus = Open(_folder.Options(path) with { HeldOutFraction = 0.05 });
        HashSet<string> heldOut = HeldOut(corpus), trained = Trained(corpus);
        Assert.Equal(100, heldOut.Count);
        Assert.Equal(700, corpus.Sources[0].HeldOutTokens);
        Assert.Equal(14_000 - 700, corpus.Sources[0].Tokens);
        Assert.Empty(trained.Intersect(heldOut));
        Assert.InRange(trained.Count, 1500, 1900);
    }

    [Fact]
    public void Open_DocumentsInAnotherOrder_HoldsOutTheSameOnes()
    {
        string a = _folder.Write("a.txt", string.Join('|', Documents(500)));
        string b = _folder.Write("b.txt", string.Join('|', Documents(500).Reverse()));
        using Corpus first = Open(_folder.Options(a) with { HeldOutFraction = 0.1 });
        using Corpus second = Open(_folder.Options(b) with { HeldOutFraction = 0.1 });
        Assert.NotEmpty(HeldOut(first));
        Assert.Equal(HeldOut(first).Order(), HeldOut(second).Order());
    }

    [Fact]
    public void Open_Duplicates_StayOnOneSideEvenAcrossSources()
    {
        string a = _folder.Write("a.txt", string.Join('|', Documents(500).Concat(Documents(300))));
        string b = _folder.Write("b.jsonl",
            string.Concat(Documents(500).Concat(Documents(200, "e")).Select(d => $"{{\"text\":\"{d}\"}}\n")));
        using Corpus corpus = Open(_folder.Options(a, b) with { HeldOutFraction = 0.1 });
        Assert.NotEmpty(HeldOut(corpus));
        Assert.Empty(Trained(corpus).Intersect(HeldOut(corpus)));
    }

    [Fact]
    public void Open_TokensLimit_IsSharedBySize()
    {
        string a = _folder.Write("a.txt", string.Join('|', Documents(3000)));
        string b = _folder.Write("b.txt", string.Join('|', Documents(1000, "e")));
        using Corpus corpus = Open(_folder.Options(a, b) with { HeldOutFraction = 0.5, HeldOutTokensLimit = 280 });
        Assert.Equal([210L, 70L], corpus.Sources.Select(source => source.HeldOutTokens));
    }

    [Fact]
    public void Open_DocumentsOfAnyLengthsInAnyOrder_KeepsTheLimitAndTheChoice()
    {
        Random random = new(1);
        string[] documents = [.. Enumerable.Range(0, 400).Select(i => $"{i % 300}".PadRight(random.Next(3, 200), 'x'))];
        long? heldOut = null;
        for (int order = 0; order < 5; order++)
        {
            random.Shuffle(documents);
            string path = _folder.Write("a.txt", string.Join('|', documents));
            using Corpus corpus = Open(_folder.Options(path) with { HeldOutFraction = 0.02 });
            long all = corpus.Sources[0].Tokens + corpus.Sources[0].HeldOutTokens;
            Assert.InRange(corpus.Sources[0].HeldOutTokens, 1, (long)(0.02 * all));
            Assert.Equal(heldOut ??= corpus.Sources[0].HeldOutTokens, corpus.Sources[0].HeldOutTokens);
        }
    }

    [Fact]
    public void Open_OneDocument_HoldsOutItsEnd()
    {
        string text = string.Concat(Enumerable.Range(0, 1000).Select(i => (char)('a' + (i % 26))));
        using Corpus corpus = Open(_folder.Options(_folder.Write("a.txt", text)) with { HeldOutFraction = 0.1 });
        Assert.Equal(100, corpus.Sources[0].HeldOutTokens);
        Assert.Equal(Encoding.ASCII.GetBytes(text[900..]).Select(b => (int)b), corpus.HeldOutWindows(100, 1).Single());
        Assert.Equal(DataFolder.Ids(text[..900]), DataFolder.TrainingIds(corpus));
    }

    [Theory]
    [InlineData(0.0, 65_536L)]
    [InlineData(0.1, 0L)]
    public void Open_NothingToHoldOut_TrainsOnAll(double fraction, long limit)
    {
        string path = _folder.Write("a.txt", string.Join('|', Documents(100)));
        using Corpus corpus = Open(_folder.Options(path) with { HeldOutFraction = fraction, HeldOutTokensLimit = limit });
        Assert.Equal(DataFolder.Ids(Documents(100)), DataFolder.TrainingIds(corpus));
        Assert.Empty(corpus.HeldOutWindows(1, 10));
    }

    [Fact]
    public void HeldOutWindows_SeveralSources_FollowWeightsWithAtLeastOneEach()
    {
        string[] arguments =
            [.. new[] { ("a", "89"), ("b", "10"), ("c", "1") }.Select(s =>
            _folder.Write(s.Item1 + ".txt", string.Join('|', Documents(2000, s.Item1))) + ":" + s.Item2)];
        using Corpus corpus = Open(_folder.Options(arguments) with { HeldOutFraction = 0.1 });
        IReadOnlyList<int[]> windows = corpus.HeldOutWindows(14, 20);
        Assert.Equal(20, windows.Count);
        Assert.All(windows, window => Assert.Equal(14, window.Length));
        Assert.Equal([17, 2, 1], windows.CountBy(window => window[1]).OrderBy(c => c.Key).Select(c => c.Value));
        Assert.Equal(windows, corpus.HeldOutWindows(14, 20));
        Assert.Equal(20, windows.Select(window => string.Join(',', window)).Distinct().Count());
    }

    [Theory]
    [InlineData(-0.1)]
    [InlineData(0.6)]
    [InlineData(double.NaN)]
    public void Open_BadFraction_Throws(double fraction)
    {
        string path = _folder.Write("a.txt", "text");
        Assert.Throws<ArgumentException>(() => Open(_folder.Options(path) with { HeldOutFraction = fraction }));
    }

    [Fact]
    public void Sources_OneFile_HashIsThatOfItsBytes()
    {
        string path = _folder.Write("a.txt", "abc");
        using Corpus corpus = _folder.Open(path);
        Assert.Equal("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", corpus.Sources[0].ContentHash);
    }
}
