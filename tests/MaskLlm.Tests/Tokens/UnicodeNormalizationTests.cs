using CsCheck;
using MaskLlm.Tokens;

namespace MaskLlm.Tests.Tokens;

public class UnicodeNormalizationTests
{
    // From the normalization rules of Unicode (UAX 15) and its composition exclusions.
    [Theory]
    [InlineData("e\u0301", "\u00E9")]
    [InlineData("\u212B", "\u00C5")]
    [InlineData("\u0041\u030A", "\u00C5")]
    [InlineData("\u1E9B\u0323", "\u1E9B\u0323")]
    [InlineData("a\u0301\u0323", "\u1EA1\u0301")]
    [InlineData("\u1112\u1161\u11AB", "\uD55C")]
    [InlineData("\uD558\u11AB", "\uD55C")]
    [InlineData("\u0958", "\u0915\u093C")]
    [InlineData("\U0001D15E", "\U0001D157\U0001D165")]
    [InlineData("\U00011099\U000110BA", "\U0001109A")]
    [InlineData("\u0344", "\u0308\u0301")]
    [InlineData("a\u0300b", "\u00E0b")]
    [InlineData("\u0301a", "\u0301a")]
    [InlineData("plain", "plain")]
    public void ToNfc_KnownCases_Compose(string text, string wanted) => Assert.Equal(wanted, UnicodeNormalization.ToNfc(text));

    [Theory]
    [InlineData("\u00E9", "e\u0301")]
    [InlineData("\uD55C", "\u1112\u1161\u11AB")]
    [InlineData("\u1E69", "s\u0323\u0307")]
    [InlineData("\u1E0B\u0323", "d\u0323\u0307")]
    public void ToNfd_KnownCases_Decompose(string text, string wanted) => Assert.Equal(wanted, UnicodeNormalization.ToNfd(text));

    [Fact]
    public void ToNfc_RandomText_IsStableAndEqualOverAllSpellings() => TextGen.Texts.Sample(text =>
    {
        var composed = UnicodeNormalization.ToNfc(text);
        Assert.Equal(composed, UnicodeNormalization.ToNfc(composed));
        Assert.Equal(composed, UnicodeNormalization.ToNfc(UnicodeNormalization.ToNfd(text)));
        Assert.Equal(UnicodeNormalization.ToNfd(text), UnicodeNormalization.ToNfd(composed));
    }, iter: 3000);
}
