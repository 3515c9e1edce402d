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

    // UnicodeData.txt, decompositions with and without a tag; those of 9.0 only, so U+32FF and U+1F12F, of 12.1 and 11, stay.
    [Theory]
    [InlineData("\uFB01\u2460\u00BD\u00A0x", "fi11\u20442 x")]
    [InlineData("\uFF21\uFF76\uFF9E\u3000", "A\u30AC ")]
    [InlineData("\uFDFA", "\u0635\u0644\u0649 \u0627\u0644\u0644\u0647 \u0639\u0644\u064A\u0647 \u0648\u0633\u0644\u0645")]
    [InlineData("\U0001D400\U0001D7FF\u2126", "A9\u03A9")]
    [InlineData("\u1E9B\u0323", "\u1E69")]
    [InlineData("\u03D3\u0344", "\u038E\u0308\u0301")]
    [InlineData("\u32FF\U0001F12F\U0001F130", "\u32FF\U0001F12FA")]
    [InlineData("\uAC00\u11A8", "\uAC01")]
    [InlineData("\u3131\u314F", "\uAC00")]
    [InlineData("plain\t", "plain\t")]
    public void ToNfkc_KnownCases_Compose(string text, string wanted) => Assert.Equal(wanted, UnicodeNormalization.ToNfkc(text));

    [Theory]
    [InlineData("\uFB01\u00E9", "fie\u0301")]
    [InlineData("\u1E9B\u0323", "s\u0323\u0307")]
    public void ToNfkd_KnownCases_Decompose(string text, string wanted) => Assert.Equal(wanted, UnicodeNormalization.ToNfkd(text));

    // DerivedAge.txt: U+1DF6 (class 232) is of 10.0, U+08D3 (220) of 11.0, U+0898 (230) of 14.0, U+11938 composes since 13.0; by the
    // tables of 9.0 they are starters, so they neither move nor compose, and marks after them do not move before them.
    [Theory]
    [InlineData("a\u1DF6\u0323", "a\u1DF6\u0323")]
    [InlineData("a\u0301\u08D3", "\u00E1\u08D3")]
    [InlineData("a\u0898\u0323\u0301", "a\u0898\u0323\u0301")]
    [InlineData("\U00011935\U00011930", "\U00011935\U00011930")]
    [InlineData("\U00011938", "\U00011938")]
    [InlineData("a\u1DFB\u0323", "\u1EA1\u1DFB")]
    public void ToNfc_MarksNewerThanUnicode9_Stay(string text, string wanted) => Assert.Equal(wanted, UnicodeNormalization.ToNfc(text));

    [Fact]
    public void ToNfc_ManyMarks_TakesNoSquare()
    {
        string text = "a" + string.Concat(Enumerable.Repeat("\u0301\u0323", 200_000));
        Assert.Equal("\u1EA1" + new string('\u0323', 199_999) + new string('\u0301', 200_000), UnicodeNormalization.ToNfc(text));
    }

    [Fact]
    public void ToNfc_RandomText_IsStableAndEqualOverAllSpellings() => TextGen.Texts.Sample(text =>
    {
        string composed = UnicodeNormalization.ToNfc(text);
        Assert.Equal(composed, UnicodeNormalization.ToNfc(composed));
        Assert.Equal(composed, UnicodeNormalization.ToNfc(UnicodeNormalization.ToNfd(text)));
        Assert.Equal(UnicodeNormalization.ToNfd(text), UnicodeNormalization.ToNfd(composed));
    }, iter: 3000);
}
