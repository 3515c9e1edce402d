using System.Text;
using MaskLlm.Decoding;
using MaskLlm.Tokens;

namespace MaskLlm.Tests.Decoding;

/// <summary>A text that comes token by token is the text of all tokens, and no half letter is shown.</summary>
public sealed class StreamedTextTests
{
    private readonly Tokenizer _tokenizer = Load("digits-style");

    /// <summary>Long enough to forget its beginning many times; letters of two to four bytes in several tokens.</summary>
    [Theory]
    [InlineData("digits-style", 0)]
    [InlineData("digits-style", 3)]
    [InlineData("digits-style", 40)]
    [InlineData("llama2-style", 0)]
    [InlineData("llama2-style", 1)]
    [InlineData("llama2-style", 8)]
    [InlineData("llama2-style", 9)]
    public void Add_TokenByToken_GivesTheWholeTextWithoutHalfLetters(string name, int before)
    {
        Tokenizer tokenizer = Load(name);
        int[] ids = tokenizer.Encode(string.Concat(Enumerable.Range(0, 30).Select(i => $"word {i}, é ☃ 😀 漢字; ")));
        StreamedText stream = new(tokenizer, skipSpecialTokens: true);
        stream.Follow(ids[..before]);
        StringBuilder text = new();
        foreach (int id in ids.Skip(before))
        {
            string added = stream.Add(id);
            Assert.DoesNotContain('\uFFFD', added);
            text.Append(added);
        }
        string whole = tokenizer.Decode(ids), start = tokenizer.Decode(ids.AsSpan(0, before)).TrimEnd('\uFFFD');
        Assert.Equal(whole[start.Length..], text.ToString() + stream.Flush());
        Assert.Equal("", stream.Flush());
    }

    [Fact]
    public void Flush_HalfALetter_IsShownOnceAtTheEnd()
    {
        int[] snow = _tokenizer.Encode("☃");
        Assert.True(snow.Length > 1);
        StreamedText stream = new(_tokenizer, skipSpecialTokens: true);
        foreach (int id in snow.SkipLast(1)) Assert.Equal("", stream.Add(id));
        string half = _tokenizer.Decode(snow.AsSpan(0, snow.Length - 1));
        Assert.Contains('\uFFFD', half);
        Assert.Equal(half, stream.Flush());
        Assert.Equal("", stream.Flush());
    }

    [Theory]
    [InlineData(true, "", "<|endoftext|>")]
    [InlineData(false, "<|endoftext|>", "")]
    public void Add_SpecialToken_ShowsOrIsToldApart(bool skips, string shown, string hidden)
    {
        StreamedText stream = new(_tokenizer, skips);
        Assert.Equal((shown, hidden), (stream.Add(0), stream.HiddenText(0)));
        Assert.Equal("", stream.HiddenText(5));
    }

    private static Tokenizer Load(string name) => Tokenizer.Load(Fixture.PathOf($"tokenizers/{name}"));
}
