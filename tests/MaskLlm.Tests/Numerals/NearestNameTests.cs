using MaskLlm.Numerals;

namespace MaskLlm.Tests.Numerals;

public sealed class NearestNameTests
{
    /// <summary>Two changes, or a quarter of the word where that is more; of equally near names the first.</summary>
    [Theory]
    [InlineData("seeds", "steps seed", "seed")]
    [InlineData("sed", "seed", "seed")]
    [InlineData("stpes", "steps", "steps")]
    [InlineData("abcd", "abxy", "abxy")]
    [InlineData("abcd", "axyz", null)]
    [InlineData("abcdefghijk", "abcdefghixy", "abcdefghixy")]
    [InlineData("abcdefghijk", "abcdefghxyz", null)]
    [InlineData("abcdefghijkl", "abcdefghixyz", "abcdefghixyz")]
    [InlineData("abcdefghijkl", "abcdefghwxyz", null)]
    [InlineData("stepz", "steps stepx", "steps")]
    [InlineData("stepz", "stxpx steps", "steps")]
    [InlineData("", "ab", "ab")]
    [InlineData("", "abc", null)]
    [InlineData("abc", "cab", "cab")]
    public void Hint_Word_IsTheNearestName(string word, string known, string? expected) =>
        Assert.Equal(expected is null ? "" : $" (did you mean {expected}?)", NearestName.Hint(word, known.Split(' ')));

    [Fact]
    public void Sentence_OfAnArgument_HasNoParameter()
    {
        Assert.Equal("no.", ArgumentSentence.Of(new ArgumentException("no.", "x")));
        Assert.Equal("a (Parameter 'b')", ArgumentSentence.Of(new ArgumentException("a (Parameter 'b')")));
        Assert.Equal("a (Parameter 'b')", ArgumentSentence.Of(new InvalidDataException("a (Parameter 'b')")));
    }
}
