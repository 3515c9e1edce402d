using CsCheck;
using MaskLlm.Tokens;

namespace MaskLlm.Tests.Tokens;

/// <summary>Values worked out from Oniguruma's description of its patterns (doc/RE) and from the Unicode Character Database.</summary>
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
    public void Matches_Pattern_AreThoseOfCodePoints(string pattern, string text, string wanted) =>
        Assert.Equal(wanted, Found(pattern, text));

    // \w: alphabetic, marks, decimal digits, connectors. U+2160 is a letter number, U+24D0 alphabetic by Other_Alphabetic, U+0903 a
    // spacing mark, U+00B2 only a number; U+200D, which .NET counts among word characters at \b, is none.
    [Theory]
    [InlineData(@"\w+", "a_9\u0301\u0903\u2160\u24D0\u00B2b", "a_9\u0301\u0903\u2160\u24D0|b")]
    [InlineData(@"\w+", "\U0001D400\U0001F130x", "\U0001D400\U0001F130x")]
    [InlineData(@"\bb", "a\u200Db ab b", "b|b")]
    [InlineData(@"\b\w", "\U0001D400a é-x", "\U0001D400|é|x")]
    [InlineData(@"\B.", "ab c", "b")]
    [InlineData(@"\d+", "1\u0663\u00B2\u2160\U0001D7D8x", "1\u0663|\U0001D7D8")]
    [InlineData(@"\h+", "09afAFg１ A", "09afAF|A")]
    [InlineData(@"\H", "aG", "G")]
    [InlineData(@"\s", "a\u0085\u00A0\u2028\u3000\u200B\u001Cb\v", "\u0085|\u00A0|\u2028|\u3000|\v")]
    [InlineData(@".+", "a\rb\u2028c\u0085d\ne", "a\rb\u2028c\u0085d|e")]
    [InlineData(@"\R", "a\r\nb\rc\u2028", "\r\n|\r|\u2028")]
    public void Matches_Escapes_MeanWhatOnigurumaSays(string pattern, string text, string wanted) =>
        Assert.Equal(wanted, Found(pattern, text));

    // Anchors are of lines always; ^ is not after a line feed that ends the text, \Z is before one.
    [Theory]
    [InlineData(@"^a?", "a\nab\n", "0-1|2-3")]
    [InlineData(@"a?$", "ba\nba\n", "1-2|4-5|6-6")]
    [InlineData(@"\s+$", "a  \n b  ", "1-3|6-8")]
    [InlineData(@"\Aa|a\z", "a\na", "0-1|2-3")]
    [InlineData(@"a\Z", "a\na\n", "2-3")]
    [InlineData(@"x*", "axxb", "0-0|1-3|4-4")]
    [InlineData(@"x*", "😀x", "0-0|2-3")]
    [InlineData(@"(?=b)", "ab", "1-1")]
    public void Matches_Places_MeanWhatOnigurumaSays(string pattern, string text, string wanted) =>
        Assert.Equal(wanted, string.Join('|', SplitPattern.FromRegex(pattern).Matches(text).Select(match => $"{match.Start}-{match.End}")));

    // Scripts and categories of Scripts.txt and UnicodeData.txt.
    [Theory]
    [InlineData(@"\p{Han}+", "a漢字ひ\U00020000々b", "漢字|\U00020000々")]
    [InlineData(@"\p{^Han}+", "a漢b", "a|b")]
    [InlineData(@"\P{Han}+", "a漢b", "a|b")]
    [InlineData(@"\P{^Han}+", "a漢b", "漢")]
    [InlineData(@"\p{Hira}|\p{Katakana}", "ひカ漢", "ひ|カ")]
    [InlineData(@"[\p{Greek}\p{Cyrillic}]+", "aαжb", "αж")]
    [InlineData(@"\p{uppercase letter}|\p{Decimal_Number}", "aB1", "B|1")]
    [InlineData(@"\p{LC}+", "aBǅ中", "aBǅ")]
    [InlineData(@"[[:punct:]]+|[[:^ascii:]]", "a.,+é", ".,|é")]
    [InlineData(@"\p{Alpha}+", "aⓐ\u0345\u0301", "aⓐ\u0345")]
    public void Matches_Properties_AreThoseOfUnicode(string pattern, string text, string wanted) =>
        Assert.Equal(wanted, Found(pattern, text));

    // doc/RE: [a-w&&[^c-g]z] is ([a-w] AND ([^c-g] OR z)), that is [abh-w].
    [Theory]
    [InlineData(@"[a-w&&[^c-g]z]+", "abcghwxz", "ab|hw")]
    [InlineData(@"[\p{L}&&[^\p{Han}]]+", "ab漢cd", "ab|cd")]
    [InlineData(@"[^a-y&&[x-z]]+", "axyz", "a|z")]
    [InlineData(@"[a[bc]d]+", "xabcdx", "abcd")]
    [InlineData(@"[𐐀-𐑏😀]+", "a𐐀😀b𐑐", "𐐀😀")]
    [InlineData(@"[^𐐀]", "𐐀𐐁", "𐐁")]
    [InlineData(@"𐐀{2}", "𐐀𐐀𐐀", "𐐀𐐀")]
    [InlineData(@"[]a]+", "x]a", "]a")]
    [InlineData(@"[a\-z]+", "a-z b", "a-z")]
    [InlineData(@"[\d-x]+", "1-x2", "1-x2")]
    [InlineData(@"[\x{10400}-\x{1044F}\u0041\x42]+", "A𐐀Bc", "A𐐀B")]
    [InlineData(@" ?[^(\s|.,!?…。，、।۔،)]+", "a b, c|d", "a| b| c|d")]
    public void Matches_Classes_NestAndIntersect(string pattern, string text, string wanted) =>
        Assert.Equal(wanted, Found(pattern, text));

    [Theory]
    [InlineData(@"a{2}?", "aaa", "0-2|3-3", "{n}? is a quantifier of a quantifier")]
    [InlineData(@"a{1,2}?", "aaa", "0-1|1-2|2-3", "lazy")]
    [InlineData(@"a{1,2}+", "aaa", "0-3", "{n,m}+ is no possessive interval")]
    [InlineData(@"a{,2}b", "aaab", "1-4", "an interval without a start")]
    [InlineData(@"a{x", "a{x", "0-3", "a brace that begins no interval")]
    [InlineData(@"a(?i)b|c", "aBaC", "0-2|2-4", "an option holds up to the group's end")]
    [InlineData(@"(a(?i)b)c", "aBc aBC", "0-3", "and not after it")]
    [InlineData(@"(?#no)a(?<name>b)", "ab", "0-2", "comments and names")]
    [InlineData(@"(?<=a|bc)x", "axbcxcx", "1-2|4-5", "alternatives of several lengths behind")]
    [InlineData(@"(?<!\d)\d{3}(?=(?:\d{3})*\b)", "123456 12", "0-3", "numbers in threes")]
    [InlineData(@"(?:a|)*b", "aab", "0-3", "rounds of nothing end")]
    public void Matches_Groups_MeanWhatOnigurumaSays(string pattern, string text, string wanted, string rule) =>
        Assert.Equal($"{rule}: {wanted}", $"{rule}: {Spans(SplitPattern.FromRegex(pattern).Matches(text))}");

    [Fact]
    public void Matches_PossessiveQuantifier_GivesNothingBack() => Assert.Empty(SplitPattern.FromRegex("a++a").Matches("aaa"));

    // .NET's engine is an oracle where both have the same meaning: ASCII, no anchors, no nested quantifiers.
    [Fact]
    public void Matches_RandomPatterns_AreThoseOfAnotherEngine()
    {
        Gen<char[]> texts = Gen.Char["ab \n"].Array[0, 12];
        Gen.Select(Patterns(3), texts).Sample((asked, letters) =>
        {
            string text = new(letters);
            string pattern = asked.Replace(Nothing, "", StringComparison.Ordinal);
            Assert.Equal(ExpressionOracle.Spans(asked, text), Spans(SplitPattern.FromRegex(pattern).Matches(text)));
            Assert.Equal(ExpressionOracle.Spans(asked, text), Spans(ExpressionOracle.Remembering(pattern, text)));
        }, iter: 4_000);
    }

    // Without remembered failures these take a number of steps beyond any budget: 2^50 000, 20 000 to the 6th, 10^11 of each.
    [Theory]
    [InlineData(@"(?:a+)+b")]
    [InlineData(@"(?:a|a)+b")]
    [InlineData(@"(?:a|aa)*b")]
    [InlineData(@"a*a*a*a*a*a*b")]
    [InlineData(@"a{0,50}a{0,50}a{0,50}a{0,50}a{0,50}b")]
    [InlineData(@"(?:a?a?)+?b")]
    [InlineData(@"(?:(?:a|aa|)*)*b")]
    [InlineData(@"a+$")]
    public void Matches_BacktrackingPattern_IsLinear(string pattern) =>
        Assert.Empty(SplitPattern.FromRegex(pattern).Matches(new string('a', 50_000) + "c"));

    [Theory]
    [InlineData(@"(?=(?:a|a)+b)a")]
    [InlineData(@"(?>(?:a|aa)+b)")]
    public void Matches_TooManySteps_IsOneSentence(string pattern)
    {
        InvalidDataException error = Assert.Throws<InvalidDataException>(
            () => SplitPattern.FromRegex(pattern, "f.json: pre_tokenizer: ").Matches(new string('a', 1000)));
        string wanted = $"f.json: pre_tokenizer: the pattern {pattern} takes more than 2128000 steps on a text of 1000 characters";
        Assert.StartsWith(wanted, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(@"\p{Klingon}+")]
    [InlineData(@"\p{L")]
    [InlineData(@"\1")]
    [InlineData(@"\K")]
    [InlineData(@"\y")]
    [InlineData(@"\xE9")]
    [InlineData(@"\x{110000}")]
    [InlineData(@"(?m:a)")]
    [InlineData(@"(?P<name>a)")]
    [InlineData(@"(?i:é)")]
    [InlineData(@"(?i:ss)")]
    [InlineData(@"(?i:[à-ý])")]
    [InlineData(@"(?<=a+)b")]
    [InlineData(@"(?=a)*")]
    [InlineData(@"*a")]
    [InlineData(@"[]")]
    [InlineData(@"[z-a]")]
    [InlineData(@"[a-[bc]]+")]
    [InlineData(@"[a")]
    [InlineData(@"(a")]
    [InlineData(@"a)")]
    [InlineData(@"a\")]
    [InlineData(@"a{3,2}")]
    [InlineData(@"a{999999}")]
    [InlineData(@"(?:a{9}b){9999}")]
    [InlineData(@"(?:(?:){9999}){9999}")]
    public void FromRegex_WhatIsNotKnown_IsRefused(string pattern) =>
        Assert.Contains(pattern, Refusal(pattern), StringComparison.Ordinal);

    [Theory]
    [InlineData("(", ")")]
    [InlineData("[", "]")]
    [InlineData("(?=", ")")]
    public void FromRegex_DeepNesting_IsRefused(string open, string close)
    {
        string pattern = string.Concat(Enumerable.Repeat(open, 5000)) + "a" + string.Concat(Enumerable.Repeat(close, 5000));
        Assert.Contains("within each other", Refusal(pattern), StringComparison.Ordinal);
        Assert.Contains("characters, more than", Refusal(new string('a', 40_000)), StringComparison.Ordinal);
    }

    [Fact]
    public void FromRegex_ManyRepetitions_AreRefusedWithoutAPlace() =>
        Assert.EndsWith("steps once its repetitions are written out, which is not supported", Refusal("(?:(?:(?:ab){900}){900}){900}"),
            StringComparison.Ordinal);

    [Fact]
    public void Replace_Literal_ReplacesEveryMatch() =>
        Assert.Equal("x$1-$1y", SplitPattern.FromRegex(@"\s").Replace("x - y", "$1", new TextBudget(5)));

    private static string Found(string pattern, string text) =>
        string.Join('|', SplitPattern.FromRegex(pattern).Matches(text).Select(match => text[match.Start..match.End]));

    private static string Refusal(string pattern) => Assert.Throws<NotSupportedException>(() => SplitPattern.FromRegex(pattern)).Message;

    private static string Spans(IEnumerable<(int Start, int End)> matches) =>
        string.Join('|', matches.Select(match => $"{match.Start}-{match.End}"));

    // Stands in what .NET is asked wherever it would simplify wrongly: (?:a+|){2,} finds no empty text there, (?>\s{1,2}){2} two
    // spaces, although it gives nothing back and so needs three, and (?:(?:\s{1,2}){2})+ takes all of five spaces instead of four.
    private const string Nothing = "(?!x)";

    private static Gen<string> Patterns(int depth)
    {
        Gen<string> atom = Gen.OneOf("a", "b", " ", "[ab]", "[^a]", "\\s", "\\n", "");
        if (depth == 0)
            return atom;
        Gen<string> inner = Patterns(depth - 1);
        Gen<string> group = Gen.Select(
            Gen.OneOf("(?:", "(?:", "(?:", "(?>", "("), inner, (open, body) => $"{open}{Nothing}{body})");
        Gen<string> plain = Gen.Select(Gen.OneOf("(?:", "("), inner, (open, body) => $"{open}{Nothing}{body})");
        // Lazy only of what is not empty: .NET finds three characters for (((?<=))+?)+, which can match nothing but the empty text.
        Gen<string> quantified = Gen.OneOf(
            Gen.Select(plain, Gen.OneOf("?", "*", "+", "{2}", "{1,2}", "{0,3}", "{2,}"), (body, quantifier) => body + quantifier),
            Gen.Select(
                Gen.OneOf("a", "[ab]", "\\s"),
                Gen.OneOf("*", "+", "{1,2}", "??", "*?", "+?", "{1,2}?"),
                (body, quantifier) => body + quantifier));
        Gen<string> look = Gen.Select(Gen.OneOf("(?=", "(?!"), inner, (open, body) => $"{open}{body})");
        Gen<string> behind = Gen.Select(Gen.OneOf("(?<=", "(?<!"), Gen.OneOf("a", "b|ab", "[ab] ", ""), (open, body) => $"{open}{body})");
        Gen<string> sequence = Gen.Select(inner, inner, (first, second) => first + second);
        Gen<string> choice = Gen.Select(inner, inner, (first, second) => $"(?:{first}|{Nothing}{second})");
        return Gen.OneOf(atom, group, quantified, quantified, look, behind, sequence, sequence, choice);
    }
}
