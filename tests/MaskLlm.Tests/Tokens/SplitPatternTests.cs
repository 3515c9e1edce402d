using MaskLlm.Tokens;

namespace MaskLlm.Tests.Tokens;

public class SplitPatternTests
{
    [Theory]
    [InlineData(@"\p{L}+", "a\U0001D400b😀c", "a\U0001D400b|c")]
    [InlineData(@"\p{N}{1,2}", "\U0001D7D812", "\U0001D7D81|2")]
    [InlineData(@"[^\s]", "😀 x", "😀|x")]
    [InlineData(@"(?i:'s|k)", "'S'ſ\u212Ak", "'S|'ſ|\u212A|k")]
    [InlineData(@"'(?i:[sd]|ll)", "'S'LL'x", "'S|'LL")]
    [InlineData(@"a?+b|\p{L}++", "abca", "ab|ca")]
    [InlineData(@"(?:ab)*+c", "ababc", "ababc")]
    public void Matches_Pattern_AreThoseOfCodePoints(string pattern, string text, string wanted)
    {
        var found = SplitPattern.FromRegex(pattern).Matches(text).Select(match => text[match.Start..match.End]);
        Assert.Equal(wanted, string.Join('|', found));
    }

    [Fact]
    public void Matches_PossessiveQuantifier_GivesNothingBack() => Assert.Empty(SplitPattern.FromRegex("a++a").Matches("aaa"));

    [Theory]
    [InlineData(@"\p{Han}+")]
    [InlineData(@"[a&&b]")]
    [InlineData(@"[a[b]]")]
    [InlineData(@"\w+")]
    [InlineData(@"\h")]
    [InlineData(@"^a")]
    [InlineData(@"(?<name>a)")]
    [InlineData(@"a{1,2}+")]
    [InlineData(@"(?i:[a-z])")]
    [InlineData(@"(a")]
    [InlineData(@"a)")]
    public void FromRegex_WhatTheEnginesReadDifferently_IsRefused(string pattern) =>
        Assert.Contains(pattern, Assert.Throws<NotSupportedException>(() => SplitPattern.FromRegex(pattern)).Message, StringComparison.Ordinal);

    [Fact]
    public void Replace_Literal_ReplacesEveryMatch() =>
        Assert.Equal("x$1-$1y", SplitPattern.FromRegex(@"\s").Replace("x - y", "$1"));
}
