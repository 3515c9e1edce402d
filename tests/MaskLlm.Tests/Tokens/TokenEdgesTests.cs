using MaskLlm.Json;
using MaskLlm.Tokens;
using MaskLlm.Tokens.Expressions;

namespace MaskLlm.Tests.Tokens;

/// <summary>First and last of ranges, of texts and of what is cut.</summary>
public class TokenEdgesTests
{
    // \w of Unicode: letters, marks, digits of decimals and letters, joining punctuation, circled letters, the two joiners.
    [Fact]
    public void Split_SingleWordToken_IsFoundBesideWhatIsNoWord()
    {
        int[] word =
        [
            'a', 0xE9, '5', '_', 0x301, 0x2160, 0x200C, 0x200D, 0x24B6, 0x24E9, 0x1F130, 0x1F149, 0x1F150, 0x1F169, 0x1F170, 0x1F189,
        ];
        int[] none = [' ', '-', 0xA9, 0xB2, 0x200B, 0x24B5, 0x1F12F, 0x1F14A, 0x1F14F, 0x1F16A, 0x1F16F, 0x1F18A];
        foreach (int one in word) Assert.Equal((one, "..."), (one, FoundIn(one)));
        foreach (int one in none) Assert.Equal((one, "+++"), (one, FoundIn(one)));
    }

    [Theory]
    [InlineData("Removed", "a")]
    [InlineData("Isolated", "-|a|-")]
    [InlineData("MergedWithPrevious", "-|a-")]
    [InlineData("MergedWithNext", "-a|-")]
    [InlineData("Contiguous", "-|a|-")]
    public void Apply_MatchesAtBothEnds_StandAloneThere(string behavior, string wanted)
    {
        List<Stretch> stretches = [new(0, 1, true), new(1, 2, false), new(2, 3, true)];
        Assert.Equal(wanted,
            string.Join('|', Enum.Parse<SplitBehavior>(behavior).Apply(stretches).Select(piece => "-a-"[piece.Start..piece.End])));
    }

    // trainer_spec.bos_id: 0 is a piece, a negative number none; unknown neighbours are one token.
    [Theory]
    [InlineData(new byte[] { }, new[] { 1, 2, 0, 3 })]
    [InlineData(new byte[] { 0xC8, 2, 0 }, new[] { 0, 2, 0, 3 })]
    [InlineData(new byte[] { 0xC8, 2, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 1 }, new[] { 2, 0, 3 })]
    public void Read_BeginPiece_IsTheOneThatTheFileNames(byte[] trainer, int[] wanted)
    {
        byte[] model = [.. SentencePieceReaderTests.Model(SentencePieceReaderTests.BytePair, ("▁", 0f), ("a", 0f)), (2 << 3) | 2,
            (byte)trainer.Length, .. trainer];
        Tokenizer tokenizer = new(SentencePieceReader.Read(model, "test.model"), "");
        Assert.Equal(wanted, tokenizer.Encode("xya", addSpecialTokens: true));
    }

    [Fact]
    public void Shown_LongTexts_AreCutBehindTheLongestThatIsNot()
    {
        Assert.Equal(new string('x', 60), JsonValue.Shortened(new string('x', 60)));
        Assert.Equal(new string('x', 60) + "...", JsonValue.Shortened(new string('x', 61)));
        Assert.Equal("a b ", JsonValue.Shortened("a\nb\t"));
        Assert.Equal(new string('x', 300), ExpressionError.Shown(new string('x', 300)));
        Assert.Equal(new string('x', 300) + "...", ExpressionError.Shown(new string('x', 301)));
    }

    // Before it, behind it, on both sides.
    private static string FoundIn(int codePoint)
    {
        TokenMatcher matcher = new([("#", new AddedToken("#", 5) { SingleWord = true })]);
        string one = char.ConvertFromUtf32(codePoint);
        return string.Concat(new[] { one + "#", "#" + one, one + "#" + one }.Select(text =>
        {
            List<Segment> segments = [];
            matcher.Split(new Piece(text, 0, text.Length, IsFirst: true), segments);
            return segments.Any(segment => segment.TokenId == 5) ? '+' : '.';
        }));
    }
}
