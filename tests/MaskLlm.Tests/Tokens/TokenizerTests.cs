using System.Globalization;
using System.Text;
using CsCheck;
using MaskLlm.Tokens;

namespace MaskLlm.Tests.Tokens;

public class TokenizerTests
{
    public static TheoryData<string> OurNames =>
        ["digits-style", "gemma-style", "gpt-neox-style", "llama2-style", "llama3-style", "qwen2-style"];

    [Theory]
    [InlineData("digits-style")]
    [InlineData("llama3-style")]
    public void Decode_OfEncodedRandomText_IsTheText(string name)
    {
        Tokenizer tokenizer = TokenizerFixtures.Ours(name);
        TextGen.Texts.Sample(text => Assert.Equal(text, tokenizer.Decode(tokenizer.Encode(text))), iter: 2000);
    }

    [Theory]
    [InlineData("qwen2-style")]
    [InlineData("gpt-neox-style")]
    public void Decode_OfEncodedRandomText_IsTheComposedText(string name)
    {
        Tokenizer tokenizer = TokenizerFixtures.Ours(name);
        TextGen.TextsWithoutTokens.Sample(
            text => Assert.Equal(UnicodeNormalization.ToNfc(text), tokenizer.Decode(tokenizer.Encode(text))), iter: 2000);
    }

    [Theory]
    [MemberData(nameof(OurNames))]
    public void EncodeInParallel_RandomText_EqualsSequential(string name)
    {
        EncodingPipeline pipeline = TokenizerFixtures.Ours(name).Pipeline;
        Gen.Select(TextGen.Texts, Gen.Int[1, 20]).Sample((text, chunk) =>
            Assert.Equal(pipeline.EncodeSequentially(text), pipeline.EncodeInParallel(text, chunk)), iter: 2000);
    }

    [Theory]
    [MemberData(nameof(OurNames))]
    public void EncodeUpTo_AnyLimit_GivesAllIdsOrNone(string name)
    {
        Tokenizer tokenizer = TokenizerFixtures.Ours(name);
        Gen.Select(TextGen.Texts, Gen.Int[1, 20]).Sample((text, chunk) =>
        {
            int[] ids = tokenizer.Encode(text, addSpecialTokens: true);
            Assert.Equal(ids, tokenizer.EncodeUpTo(text, ids.Length, addSpecialTokens: true));
            Assert.Null(tokenizer.EncodeUpTo(text, ids.Length - 1, addSpecialTokens: true));
            int[] plain = tokenizer.Pipeline.EncodeSequentially(text);
            Assert.Equal(plain, tokenizer.Pipeline.EncodeInParallel(text, chunk, plain.Length));
            if (plain.Length > 0) Assert.Null(tokenizer.Pipeline.EncodeInParallel(text, chunk, plain.Length - 1));
        }, iter: 200);
    }

    [Theory]
    [MemberData(nameof(OurNames))]
    public void Encode_LongText_EqualsSequential(string name)
    {
        Tokenizer tokenizer = TokenizerFixtures.Ours(name);
        StringBuilder text = new();
        for (int i = 0; text.Length <= EncodingPipeline.LongText; i++)
            text.Append(CultureInfo.InvariantCulture, $"Line {i} of a long text, it's <s> {(char)(0x4E00 + i % 999)} {i % 7 * 1.5}\n");
        Assert.Equal(tokenizer.Pipeline.EncodeSequentially(text.ToString()), tokenizer.Encode(text.ToString()));
    }

    [Fact]
    public void Encode_FromManyThreads_GivesTheSameIds()
    {
        Tokenizer tokenizer = Tokenizer.Load(TokenizerFixtures.OurFolder("llama3-style"));
        List<(string Text, int[] Ids, int[] IdsWithSpecial, string Decoded)> record =
            TokenizerFixtures.Encodings(TokenizerFixtures.OurFolder("llama3-style")).ToList();
        Parallel.For(0, 8, _ => Assert.All(record, entry => Assert.Equal(entry.Ids, tokenizer.Encode(entry.Text))));
    }

    [Theory]
    [MemberData(nameof(OurNames))]
    public void Encode_LoneSurrogates_AreReplacementCharacters(string name)
    {
        Tokenizer tokenizer = TokenizerFixtures.Ours(name);
        foreach (string text in (string[])["\uD800", "a\uDC00b", "\uDC00\uD800", "x\uD83D", "😀\uD83D😀"])
            Assert.Equal(tokenizer.Encode(Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text))), tokenizer.Encode(text));
    }

    [Fact]
    public void Properties_OfAFile_AreItsOwn()
    {
        Tokenizer tokenizer = TokenizerFixtures.Ours("gpt-neox-style");
        Assert.Equal(1523, tokenizer.VocabularySize);
        Assert.Matches("^[0-9a-f]{64}$", tokenizer.Hash);
        Assert.True(tokenizer.TryGetId("<|padding|>", out int padding));
        Assert.Equal(1, padding);
        Assert.True(tokenizer.TryGetId("!", out int mark));
        Assert.Equal(2, mark);
        Assert.False(tokenizer.TryGetId("no such token", out _));
    }

    [Fact]
    public void Decode_SkippingSpecialTokens_LeavesThemOut()
    {
        Tokenizer tokenizer = TokenizerFixtures.Ours("llama3-style");
        int[] ids = tokenizer.Encode("one<|eot_id|> two", addSpecialTokens: true);
        Assert.Equal("<|begin_of_text|>one<|eot_id|> two", tokenizer.Decode(ids));
        Assert.Equal("one two", tokenizer.Decode(ids, skipSpecialTokens: true));
    }

    [Fact]
    public void Decode_IdsWithoutToken_LeaveNothing() =>
        Assert.Equal("!", TokenizerFixtures.Ours("gpt-neox-style").Decode([2, -1, 999_999]));

    [Fact]
    public void Load_FolderWithoutTokenizer_SaysWhatToDo()
    {
        string folder = Directory.CreateTempSubdirectory().FullName;
        FileNotFoundException error = Assert.Throws<FileNotFoundException>(() => Tokenizer.Load(folder));
        Assert.Contains(folder, error.Message, StringComparison.Ordinal);
        Assert.Contains("Copy the tokenizer files", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Load_SmallTrainedTokenizer_RoundTrips()
    {
        Tokenizer tokenizer = TokenizerFixtures.Load(TokenizerFixtures.SharedFolder(Path.Combine("trained", "small")));
        Assert.Equal(4096, tokenizer.VocabularySize);
        Assert.Equal([0], tokenizer.Encode("<|endoftext|>"));
        TextGen.Texts.Sample(text => Assert.Equal(text, tokenizer.Decode(tokenizer.Encode(text))), iter: 500);
    }
}
