using System.Text.Json;
using MaskLlm.Tokens;

namespace MaskLlm.Tests.Tokens;

/// <summary>Every recorded encoding of Hugging Face tokenizers and of SentencePiece.</summary>
public class TokenizerGoldenTests
{
    [Theory]
    [InlineData("digits-style")]
    [InlineData("gemma-style")]
    [InlineData("gpt-neox-style")]
    [InlineData("llama2-style")]
    [InlineData("llama3-style")]
    [InlineData("qwen2-style")]
    public void Encode_OurTokenizers_EqualTheRecord(string name) => Check(TokenizerFixtures.OurFolder(name));

    [Theory]
    [InlineData("gpt2-real")]
    [InlineData("llama2-real")]
    [InlineData("smollm2-real")]
    public void Encode_PublishedTokenizers_EqualTheRecord(string name) =>
        Check(TokenizerFixtures.SharedFolder(Path.Combine("tokenizers", name)));

    private static void Check(string folder)
    {
        Tokenizer tokenizer = TokenizerFixtures.Load(folder);
        List<string> wrong = [];
        int count = 0;
        foreach ((string text, int[]? ids, int[]? idsWithSpecial, string decoded) in TokenizerFixtures.Encodings(folder))
        {
            count++;
            Compare(text, "ids", string.Join(' ', ids), string.Join(' ', tokenizer.Encode(text)), wrong);
            Compare(text, "special", string.Join(' ', idsWithSpecial), string.Join(' ', tokenizer.Encode(text, addSpecialTokens: true)),
                wrong);
            Compare(text, "decoded", decoded, tokenizer.Decode(ids), wrong);
        }

        Assert.True(count > 200, $"{count} texts");
        Assert.True(wrong.Count == 0, $"{wrong.Count} differ:\n{string.Join('\n', wrong.Take(5))}");
    }

    private static void Compare(string text, string what, string wanted, string found, List<string> wrong)
    {
        if (wanted != found)
            wrong.Add($"{what} of {JsonSerializer.Serialize(text)}:\n  wanted {wanted}\n  found  {found}");
    }
}
