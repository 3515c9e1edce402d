using System.Text;
using System.Text.Json.Nodes;
using MaskLlm.Tokens;

namespace MaskLlm.Tests.Tokens;

public class TokenizerJsonReaderTests
{
    // "ab", "abc" and U+2581 over the letters a to d; ids are listed in the order of the vocabulary.
    private const string Small = """
        {"added_tokens": [], "normalizer": null, "pre_tokenizer": null, "post_processor": null, "decoder": {"type": "Fuse"},
         "model": {"type": "BPE", "vocab": {"a": 0, "b": 1, "c": 2, "d": 3, "ab": 4, "abc": 5, " ": 6, "▁": 7, "▁a": 8, "?": 9},
                   "merges": [["a", "b"], ["ab", "c"], ["▁", "a"]]}}
        """;

    [Fact]
    public void Read_MergesAsTexts_AreThoseOfPairs()
    {
        string texts = Small.Replace("""["a", "b"], ["ab", "c"], ["▁", "a"]""", "\"a b\", \"ab c\", \"▁ a\"", StringComparison.Ordinal);
        Assert.Equal([5, 3, 4], Read(texts).Encode("abcdab"));
        Assert.Equal([5, 3, 4], Read(Small).Encode("abcdab"));
    }

    [Fact]
    public void Read_IgnoreMerges_TakesAWordThatIsAToken()
    {
        string vocabulary = Small.Replace("\"?\": 9", "\"bcd\": 9", StringComparison.Ordinal);
        Assert.Equal([1, 2, 3], Read(vocabulary).Encode("bcd"));
        Assert.Equal([9], Read(Edit(vocabulary, root => root["model"]!["ignore_merges"] = true)).Encode("bcd"));
    }

    [Theory]
    [InlineData(false, new[] { 9, 9, 0, 9 })]
    [InlineData(true, new[] { 9, 0, 9 })]
    public void Read_UnknownToken_FusesAsTold(bool fuses, int[] wanted)
    {
        string json = Edit(Small, root => (root["model"]!["unk_token"], root["model"]!["fuse_unk"]) = ("?", fuses));
        Assert.Equal(wanted, Read(json).Encode("xyaz"));
    }

    [Fact]
    public void Read_NoUnknownToken_LetsTheUnknownVanish() => Assert.Equal([5], Read(Small).Encode("xaxbxc"));

    [Theory]
    [InlineData("lstrip", "a  #b", new[] { 0, 20, 1 })]
    [InlineData("rstrip", "a#  b", new[] { 0, 20, 1 })]
    [InlineData("none", "a # b", new[] { 0, 6, 20, 6, 1 })]
    [InlineData("single_word", "b#a #", new[] { 1, 0, 6, 20 })]
    [InlineData("single_word", "#a # a#", new[] { 0, 6, 20, 6, 0 })]
    public void Read_AddedTokenFlags_WorkAsInHuggingFace(string flag, string text, int[] wanted) =>
        Assert.Equal(wanted, Read(WithToken("#", flag)).Encode(text));

    [Theory]
    [InlineData("none", "X", new[] { 0, 20 })]
    [InlineData("normalized", "X", new[] { 0, 20 })]
    [InlineData("none", "x", new[] { 0 })]
    [InlineData("normalized", "x", new[] { 0, 20 })]
    public void Read_NormalizedToken_IsLookedForInTheNormalizedText(string flag, string written, int[] wanted)
    {
        string json = Edit(WithToken("X", flag), root => root["normalizer"] = JsonNode.Parse("""{"type": "Lowercase"}"""));
        Assert.Equal(wanted, Read(json).Encode("a" + written));
    }

    [Fact]
    public void Read_OverlappingTokens_TakesTheLongestOfTheLeftmost()
    {
        string json = Edit(WithToken("##", "none"), root => root["added_tokens"]!.AsArray().Add(Token("#", 21, "none")));
        Assert.Equal([20, 21, 0], Read(json).Encode("###a"));
    }

    [Theory]
    [InlineData("always", new[] { 8, 7, 1, 8 })]
    [InlineData("first", new[] { 8, 7, 1, 8 })]
    [InlineData("never", new[] { 0, 7, 1, 8 })]
    public void Read_Metaspace_PrefixesAsTold(string scheme, int[] wanted)
    {
        string component = $$"""{"type": "Metaspace", "replacement": "▁", "prepend_scheme": "{{scheme}}"}""";
        Tokenizer tokenizer = Read(Edit(Small, root =>
            (root["pre_tokenizer"], root["decoder"]) = (JsonNode.Parse(component), JsonNode.Parse(component))));
        Assert.Equal(wanted, tokenizer.Encode("a b a"));
        Assert.Equal("a b a", tokenizer.Decode(tokenizer.Encode("a b a")));
    }

    [Fact]
    public void Read_MetaspaceFirst_PrefixesNothingAfterAToken()
    {
        string json = Edit(WithToken("#", "none"), root => root["pre_tokenizer"] = JsonNode.Parse("""{"type": "Metaspace", "replacement": "▁", "prepend_scheme": "first"}"""));
        Assert.Equal([8, 20, 0], Read(json).Encode("a#a"));
    }

    [Theory]
    [InlineData("normalizer", """{"type": "Precompiled"}""", "Precompiled")]
    [InlineData("pre_tokenizer", """{"type": "Punctuation", "behavior": "0"}""", "behavior 0")]
    [InlineData("pre_tokenizer", """{"type": "Metaspace", "replacement": "_", "prepend_scheme": "1"}""", "prepend_scheme 1")]
    [InlineData("pre_tokenizer", """{"type": "Sequence", "pretokenizers": [{"type": "ByteLevel"}, {"type": "ByteLevel"}]}""", "a second ByteLevel")]
    [InlineData("pre_tokenizer", """{"type": "BertPreTokenizer"}""", "BertPreTokenizer")]
    [InlineData("pre_tokenizer", """{"type": "Split", "pattern": {"Regex": "\\p{Klingon}"}, "behavior": "Isolated"}""", "\\p{Klingon}")]
    [InlineData("post_processor", """{"type": "OtherProcessing"}""", "OtherProcessing")]
    [InlineData("decoder", """{"type": "WordPiece"}""", "WordPiece")]
    [InlineData("model", """{"type": "Unigram"}""", "Unigram")]
    public void Read_UnknownComponent_NamesFileComponentAndKind(string component, string value, string kind)
    {
        NotSupportedException error = Assert.Throws<NotSupportedException>(() =>
            Read(Edit(Small, root => root[component] = JsonNode.Parse(value))));
        Assert.Contains("test.json", error.Message, StringComparison.Ordinal);
        Assert.Contains(component, error.Message, StringComparison.Ordinal);
        Assert.Contains(kind, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_CutOff_IsInvalidData()
    {
        byte[] bytes = Encoding.UTF8.GetBytes(Small);
        for (int length = 0; length < bytes.Length; length++)
            Assert.Throws<InvalidDataException>(() => TokenizerJsonReader.Read(bytes[..length], "test.json"));
    }

    [Theory]
    [InlineData("\"ab\": 4", "\"ab\": -4")]
    [InlineData("\"ab\": 4", "\"ab\": \"4\"")]
    [InlineData("\"ab\": 4", "\"ab\": 99999999999")]
    [InlineData("\"abc\": 5", "\"xyz\": 5")]
    [InlineData("[\"a\", \"b\"]", "[\"a\"]")]
    [InlineData("\"ab\": 4", "\"ab\": 16777216")]
    [InlineData("[\"a\", \"b\"]", "[\"a\", \"b\", \"c\"]")]
    [InlineData("[\"a\", \"b\"]", "[\"a\", \"\\ud800\"]")]
    [InlineData("[\"a\", \"b\"]", "\"ab\"")]
    [InlineData("\"vocab\"", "\"words\"")]
    public void Read_Damaged_IsInvalidData(string old, string damaged)
    {
        InvalidDataException error = Assert.Throws<InvalidDataException>(() => Read(Small.Replace(old, damaged, StringComparison.Ordinal)));
        Assert.Contains("test.json", error.Message, StringComparison.Ordinal);
    }

    private static Tokenizer Read(string json) => new(TokenizerJsonReader.Read(Encoding.UTF8.GetBytes(json), "test.json"), "");

    private static string Edit(string json, Action<JsonNode> change)
    {
        JsonNode root = JsonNode.Parse(json)!;
        change(root);
        return root.ToJsonString();
    }

    private static string WithToken(string content, string flag) =>
        Edit(Small, root => root["added_tokens"]!.AsArray().Add(Token(content, 20, flag)));

    private static JsonObject Token(string content, int id, string flag) => new()
    {
        ["id"] = id,
        ["content"] = content,
        ["single_word"] = flag == "single_word",
        ["lstrip"] = flag == "lstrip",
        ["rstrip"] = flag == "rstrip",
        ["normalized"] = flag == "normalized",
        ["special"] = true,
    };
}
