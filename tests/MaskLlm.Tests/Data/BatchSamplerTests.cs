using System.Runtime.InteropServices;
using MaskLlm.Data;

namespace MaskLlm.Tests.Data;

public sealed class BatchSamplerTests : IDisposable
{
    private const int Length = 4;
    private readonly DataFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    /// <summary>A stream of ids first, first + 1, ...: each sequence is known by its first id.</summary>
    private string Counting(string name, int first, int sequences)
    {
        int[] ids = [.. Enumerable.Range(first, (sequences * Length) + 1)];
        return _folder.WriteNpy(name, "<i4", $"{ids.Length},", MemoryMarshal.AsBytes(ids.AsSpan()).ToArray());
    }

    private Corpus Open(params string[] arguments) => DataFolder.Open(_folder.Options(arguments), _folder.Bytes(vocabulary: 1_000_000));

    private static int[] Fill(BatchSampler sampler, long step)
    {
        int[] batch = new int[sampler.BatchSize * (sampler.SequenceLength + 1)];
        sampler.Fill(step, batch);
        return batch;
    }

    private static int[] Firsts(BatchSampler sampler, long step) =>
        [.. Fill(sampler, step).Chunk(sampler.SequenceLength + 1).Select(row => row[0])];

    [Fact]
    public void Fill_AnySequence_IsContiguousAtAStrideOfItsLength()
    {
        using Corpus corpus = Open(Counting("a.npy", 0, 100));
        BatchSampler sampler = corpus.Batches(10, Length, 3);
        Assert.Equal(100, sampler.SequencesAvailable);
        Assert.Equal(400, sampler.TokensAvailable);
        Assert.All(Fill(sampler, 5).Chunk(Length + 1), row =>
        {
            Assert.Equal(0, row[0] % Length);
            Assert.Equal(Enumerable.Range(row[0], Length + 1), row);
        });
    }

    [Fact]
    public void Fill_OneSource_RepeatsNothingWithinAnEpochAndReshufflesTheNext()
    {
        using Corpus corpus = Open(Counting("a.npy", 0, 100));
        BatchSampler sampler = corpus.Batches(20, Length, 3);
        int[][] epochs = [.. Enumerable.Range(0, 3)
            .Select(epoch => Enumerable.Range(epoch * 5, 5).SelectMany(step => Firsts(sampler, step)).ToArray())];
        Assert.All(epochs, epoch => Assert.Equal(Enumerable.Range(0, 100).Select(i => i * Length), epoch.Order()));
        Assert.NotEqual(epochs[0], epochs[1]);
        Assert.NotEqual(epochs[1], epochs[2]);
        Assert.NotEqual(epochs[0].Order(), epochs[0]);
    }

    [Fact]
    public void Fill_SeveralSources_RepeatNothingWithinAnEpochOfEach()
    {
        using Corpus corpus = Open(Counting("a.npy", 0, 70) + ":2", Counting("b.npy", 500_000, 30) + ":5");
        BatchSampler sampler = corpus.Batches(7, Length, 9);
        int[] firsts = [.. Enumerable.Range(0, 200).SelectMany(step => Firsts(sampler, step))];
        foreach ((int[] drawn, int count) in new[] { (firsts.Where(id => id < 500_000).ToArray(), 70),
            (firsts.Where(id => id >= 500_000).ToArray(), 30) })
            Assert.All(drawn.Chunk(count), epoch => Assert.Equal(epoch.Length, epoch.Distinct().Count()));
    }

    [Fact]
    public void Fill_RandomOrderOnManyThreads_EqualsSequentialOrder()
    {
        string a = Counting("a.npy", 0, 300) + ":0.3", b = Counting("b.npy", 500_000, 200) + ":0.7";
        using Corpus corpus = Open(a, b);
        BatchSampler sequential = corpus.Batches(16, Length, 42);
        int[][] expected = [.. Enumerable.Range(0, 1500).Select(step => Fill(sequential, step))];

        using Corpus reopened = Open(a, b);
        BatchSampler random = reopened.Batches(16, Length, 42);
        int[] order = [.. Enumerable.Range(0, 1500).OrderByDescending(step => step * 7919L % 1500)];
        Parallel.ForEach(order, step => Assert.Equal(expected[step], Fill(random, step)));
    }

    [Fact]
    public void Fill_AnotherBatchSize_DrawsTheSameSequencesInTheSameOrder()
    {
        using Corpus corpus = Open(Counting("a.npy", 0, 30) + ":1", Counting("b.npy", 500_000, 30) + ":1");
        BatchSampler small = corpus.Batches(2, Length, 1), large = corpus.Batches(12, Length, 1);
        Assert.Equal(Fill(large, 3), Enumerable.Range(18, 6).SelectMany(step => Fill(small, step)));
    }

    [Fact]
    public void Fill_AnotherSeed_DrawsAnotherOrder()
    {
        using Corpus corpus = Open(Counting("a.npy", 0, 300));
        Assert.NotEqual(Fill(corpus.Batches(16, Length, 1), 0), Fill(corpus.Batches(16, Length, 2), 0));
    }

    [Theory]
    [InlineData("", "", 0.75)]
    [InlineData(":0.2", ":0.8", 0.2)]
    [InlineData(":30", ":10", 0.75)]
    public void Fill_ManyDraws_FollowWeightsOrSizes(string weightA, string weightB, double share)
    {
        using Corpus corpus = Open(Counting("a.npy", 0, 300) + weightA, Counting("b.npy", 500_000, 100) + weightB);
        Assert.Equal(share, corpus.Sources[0].Weight, 3);
        Assert.Equal(1, corpus.Sources.Sum(source => source.Weight), 12);
        BatchSampler sampler = corpus.Batches(100, Length, 5);
        const int draws = 20_000;
        int fromA = Enumerable.Range(0, draws / 100).Sum(step => Firsts(sampler, step).Count(id => id < 500_000));
        double sixDeviations = 6 * Math.Sqrt(draws * share * (1 - share));
        Assert.InRange(fromA, (draws * share) - sixDeviations, (draws * share) + sixDeviations);
    }

    [Fact]
    public void EpochsNeeded_Blend_IsThatOfTheMostUsedSource()
    {
        using Corpus corpus = Open(Counting("a.npy", 0, 100) + ":0.5", Counting("b.npy", 500_000, 20) + ":0.5");
        BatchSampler sampler = corpus.Batches(10, Length, 5);
        Assert.Equal(1.0, sampler.EpochsNeeded(4), 12);
        Assert.Equal(0.0, sampler.EpochsNeeded(0), 12);
    }

    [Fact]
    public void Fill_BadStepOrSpan_Throws()
    {
        using Corpus corpus = Open(Counting("a.npy", 0, 10));
        BatchSampler sampler = corpus.Batches(2, Length, 0);
        Assert.ThrowsAny<ArgumentException>(() => sampler.Fill(-1, new int[10]));
        Assert.Throws<ArgumentException>(() => sampler.Fill(0, new int[8]));
        Assert.ThrowsAny<ArgumentException>(() => corpus.Batches(0, Length, 0));
        Assert.ThrowsAny<ArgumentException>(() => corpus.Batches(1, 0, 0));
    }

    [Fact]
    public void Fill_CorpusClosed_Throws()
    {
        Corpus corpus = Open(Counting("a.npy", 0, 10));
        BatchSampler sampler = corpus.Batches(2, Length, 0);
        corpus.Dispose();
        Assert.Throws<ObjectDisposedException>(() => Fill(sampler, 0));
    }
}
