using CsCheck;
using MaskLlm.Tokens;

namespace MaskLlm.Tests.Tokens;

public class WordScannerTests
{
    [Theory]
    [InlineData(Gpt2Scanner.Pattern)]
    [InlineData(Cl100kScanner.PatternOfThreeDigits)]
    [InlineData(Cl100kScanner.PatternOfOneDigit)]
    public void WordEnd_RandomText_EqualsTheRegularExpression(string pattern)
    {
        WordScanner scanner = WordScanner.For(pattern)!;
        SplitPattern regex = SplitPattern.FromRegex(pattern);
        TextGen.Texts.Sample(text =>
        {
            List<(int, int)> starts = [];
            for (int start = 0, end; start < text.Length; start = end)
            {
                end = scanner.WordEnd(text, start);
                starts.Add((start, end));
            }

            Assert.Equal(regex.Matches(text), starts);
        }, iter: 5000);
    }

    [Theory]
    [InlineData(Gpt2Scanner.Pattern)]
    [InlineData(Cl100kScanner.PatternOfThreeDigits)]
    [InlineData(Cl100kScanner.PatternOfOneDigit)]
    public void IsAlwaysAnEnd_RandomText_CutsBetweenWords(string pattern)
    {
        SplitPattern regex = SplitPattern.FromRegex(pattern);
        TextGen.Texts.Sample(text =>
        {
            List<(int Start, int End)> whole = regex.Matches(text);
            foreach (int cut in Enumerable.Range(1, Math.Max(0, text.Length - 1)).Where(at => WordScanner.IsAlwaysAnEnd(text, at)))
            {
                List<(int, int)> tail = regex.Matches(text.AsSpan(cut)).ConvertAll(match => (match.Start + cut, match.End + cut));
                Assert.Equal(whole, [.. regex.Matches(text.AsSpan(0, cut)), .. tail]);
            }
        }, iter: 1000);
    }

    [Fact]
    public void For_UnknownPattern_HasNone() => Assert.Null(WordScanner.For(@"\s+"));
}
