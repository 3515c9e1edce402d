using MaskLlm.Architectures;
using MaskLlm.Decoding;
using MaskLlm.Packing;

namespace MaskLlm.Tests.Decoding;

/// <summary>Small parts of the CPU runtime, by their values.</summary>
public sealed class RuntimePartsTests
{
    private static readonly DecoderConfig Config = CheckpointConfig.Read(Fixture.PathOf("models/llama-gqa-tied"));

    [Theory]
    [InlineData("1100", "1100", true)]
    [InlineData("0000", "1100", true)]
    [InlineData("0010", "1010", true)]
    [InlineData("0001", "1001", true)]
    [InlineData("0100", "1100", true)]
    [InlineData("0110", "0110", true)]
    [InlineData("0111", "", false)]
    [InlineData("11000111", "", false)]
    [InlineData("00110001", "00111001", true)]
    public void Mark_RowsOfAPrunedCheckpoint_KeepsTwoOfFour(string values, string kept, bool fits)
    {
        float[] row = [.. values.Select(value => value == '1' ? -0.5f : 0f)];
        Assert.Equal(fits, TwoOfFourRows.Fits(row));
        if (!fits) return;
        byte[] marked = new byte[row.Length];
        TwoOfFourRows.Mark(row, marked);
        Assert.Equal(kept, string.Concat(marked));
    }

    /// <summary>2 blocks of keys and values, 2 heads of 8, 32 positions, 4 bytes.</summary>
    [Fact]
    public void Pages_Limit_IsWhatTheBytesHold()
    {
        const long PageBytes = 2 * 2 * 2 * 8 * 32 * 4;
        using KeyValuePages pages = new(Config, 3 * PageBytes + PageBytes - 1), one = new(Config, 1);
        Assert.Equal((PageBytes, 3L, 3L), (pages.PageBytes, pages.Limit, pages.Free));
        Assert.Equal(1, one.Limit);
        nint[] rented = [pages.Rent(), pages.Rent(), pages.Rent()];
        Assert.Equal((3, 0L), (rented.Distinct().Count(), pages.Free));
        Assert.Contains("0 MB", Assert.Throws<InsufficientMemoryException>(() => pages.Rent()).Message, StringComparison.Ordinal);
        pages.Return(rented[1]);
        Assert.Equal(1, pages.Free);
        Assert.Equal(rented[1], pages.Rent());
    }

    [Fact]
    public unsafe void Pages_PartsOfAPage_LieSideBySideAndFillIt()
    {
        using KeyValuePages pages = new(Config, 1 << 20);
        nint page = pages.Rent();
        long[] starts = [.. from block in Enumerable.Range(0, 2) from isValue in (bool[])[false, true] from head in Enumerable.Range(0,
            2) select (long)((nint)pages.At(page, block, isValue, head) - page)];
        Assert.Equal(Enumerable.Range(0, 8).Select(part => part * 32L * 8 * 4), starts);
    }

    [Fact]
    public void Cache_Positions_TakeAPageEach32AndGoBack()
    {
        using KeyValuePages pages = new(Config, 1 << 20);
        using KeyValueCache cache = new(pages);
        for (int position = 0; position < 33; position++) Assert.Equal(position, cache.Append(7));
        Assert.Equal((33, 2), (cache.Length, cache.Pages.Count));
        cache.Truncate(5);
        Assert.Equal((5, 2), (cache.Length, cache.Pages.Count));
        Assert.Equal(5, cache.Append(7));
        Assert.Throws<ArgumentOutOfRangeException>(() => cache.Truncate(7));
        Assert.Throws<ArgumentOutOfRangeException>(() => cache.Truncate(-1));
        cache.Dispose();
        Assert.Equal(pages.Limit, pages.Free);
    }

    [Theory]
    [InlineData(1, 2.0, 0.0)]
    [InlineData(5, 2.0, 2.0)]
    [InlineData(5, 0.0, 0.0)]
    [InlineData(0, 2.0, 0.0)]
    public void TokensPerSecond_Generation_CountsTokensAfterTheFirst(int tokens, double seconds, double expected) =>
        Assert.Equal(expected, new GenerationResult(3, new int[tokens], 1, seconds).TokensPerSecond);

    // The first group's sum, once taken, must not hide those behind it.
    [Theory]
    [InlineData(new[] { 2f, 1, 0, 0, 1, 1 }, new[] { 0, 1, 4 })]
    [InlineData(new[] { 0f, 0, 2, 1, 1, 1 }, new[] { 2, 3, 4 })]
    [InlineData(new[] { 1f, 0, 2, -5, 1, 0.5f }, new[] { 0, 4, 5 })]
    public void Of_TwoGroupsOfThree_AreThoseOfTheLargestSums(float[] logits, int[] expected)
    {
        ExpertsConfig config = new() { Count = 6, PerToken = 3, Width = 1, Score = RouterScore.Sigmoid, Groups = 3, GroupsPerToken = 2 };
        int[] chosen = new int[3];
        ExpertChoice.Of(config, logits, [], new float[6], chosen, new float[3]);
        Assert.Equal(expected, chosen);
    }

    [Fact]
    public void Validate_BenchmarkAndDecoder_EndsOfTheRangesAreIn()
    {
        Assert.Null(Record.Exception(new RuntimeBenchmarkOptions { Shape = "x", Repeats = 1 }.Validate));
        Assert.Throws<ArgumentException>(new RuntimeBenchmarkOptions { Shape = "x", Repeats = 0 }.Validate);
        Assert.Throws<ArgumentException>(new RuntimeBenchmarkOptions().Validate);
        Assert.Throws<ArgumentException>(new RuntimeBenchmarkOptions { Shape = "x", Model = "m" }.Validate);
        foreach (RuntimeDecoderOptions right in (RuntimeDecoderOptions[])[new(), new() { Threads = 1 }, new() { Threads = 1024 },
            new() { TokensAtOnce = 1 }, new() { ContextLength = 1 }, new() { CacheBytes = 1 }])
            Assert.Null(Record.Exception(right.Validate));
        foreach (RuntimeDecoderOptions wrong in (RuntimeDecoderOptions[])[new() { Threads = 0 }, new() { Threads = 1025 },
            new() { TokensAtOnce = 0 }, new() { ContextLength = 0 }, new() { CacheBytes = 0 }])
            Assert.Throws<ArgumentException>(wrong.Validate);
    }
}
