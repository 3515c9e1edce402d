using System.Text;
using System.Text.Json.Nodes;
using MaskLlm.Tokens;

namespace MaskLlm.Tests.Tokens;

/// <summary>What the files beside a tokenizer file say of it, by transformers' precedence.</summary>
public class TokenizerSettingsTests
{
    private const string Configuration = "tokenizer_config.json", Map = "special_tokens_map.json", Added = "added_tokens.json";
    private const string Generation = "generation_config.json", Config = "config.json";

    // ids: 0 <unk>, 1 <s>, 2 the space, 3 a, 4 s, 5 <, 6 >, 7 </s> as an ordinary piece
    private static readonly byte[] Model = SentencePieceReaderTests.Model(
        SentencePieceReaderTests.BytePair, ("▁", 0f), ("a", 0f), ("s", 0f), ("<", 0f), (">", 0f), ("</s>", -9f));

    [Fact]
    public void SentencePiece_ByItself_FindsNoControlPieces() => Assert.Equal([2, 5, 4, 6, 3], SentencePiece().Encode("<s>a"));

    [Theory]
    [InlineData(Config, "{}")]
    [InlineData(Configuration, "{}")]
    [InlineData(Map, "{}")]
    public void SentencePiece_OfACheckpoint_FindsControlPieces(string name, string json) =>
        Assert.Equal([1, 2, 3, 0, 2, 3], SentencePiece((name, json)).Encode("<s>a<unk>a"));

    [Theory]
    [InlineData("""{"eos_token": "</s>"}""", null, """{"[X]": 8, "[Y]": 11}""")]
    [InlineData("""{"eos_token": "</s>", "added_tokens_decoder": {"8": {"content": "[X]", "special": true}, "11": {"content": "[Y]"}}}""", null, null)]
    [InlineData("""{"additional_special_tokens": ["[X]", "[Z]", "[W]", "[Y]"], "eos_token": "</s>"}""", null, null)]
    [InlineData("""{"extra_special_tokens": ["[X]", {"content": "[Z]"}], "eos_token": "</s>"}""", """{"additional_special_tokens": ["[Z]", "[W]", "[Y]"]}""", null)]
    public void SentencePiece_TokensOfOtherFiles_AreTokens(string configuration, string? map, string? added)
    {
        Tokenizer tokenizer = SentencePiece((Configuration, configuration), (Map, map), (Added, added));
        Assert.Equal([8, 2, 3, 11, 7], tokenizer.Encode("[X]a[Y]</s>"));
        Assert.Equal("a", tokenizer.Decode([7, 2, 3, 7], skipSpecialTokens: true).TrimStart());
    }

    [Fact]
    public void SentencePiece_TokensOfOtherFiles_ChangeTheHash()
    {
        string[] hashes = [.. new[] { "{}", """{"pad_token": "[P]"}""", """{"pad_token": "[Q]"}""", """{"legacy": false}""" }.Select(json => SentencePiece((Configuration, json)).Hash)];
        Assert.Equal(4, hashes.Distinct().Count());
        Assert.Equal(hashes[0], SentencePiece((Config, "{}")).Hash);
    }

    [Theory]
    [InlineData("{}", new[] { 2, 3, 1, 2, 3 })]
    [InlineData("""{"legacy": true}""", new[] { 2, 3, 1, 2, 3 })]
    [InlineData("""{"legacy": false}""", new[] { 2, 3, 1, 3 })]
    [InlineData("""{"legacy": false, "add_prefix_space": false}""", new[] { 3, 1, 3 })]
    public void SentencePiece_Legacy_DecidesOnSpacesAfterTokens(string configuration, int[] expected) =>
        Assert.Equal(expected, SentencePiece((Configuration, configuration)).Encode("a<s>a"));

    [Theory]
    [InlineData("{}", new[] { 1, 2, 3 })]
    [InlineData("""{"add_bos_token": true, "add_eos_token": false}""", new[] { 1, 2, 3 })]
    [InlineData("""{"add_bos_token": false}""", new[] { 2, 3 })]
    [InlineData("""{"add_bos_token": null}""", new[] { 2, 3 })]
    [InlineData("""{"bos_token": "</s>"}""", new[] { 7, 2, 3 })]
    [InlineData("""{"eos_token": {"content": "</s>", "lstrip": false}, "add_eos_token": true}""", new[] { 1, 2, 3, 7 })]
    public void SentencePiece_AddedAround_IsWhatTheFilesSay(string configuration, int[] expected) =>
        Assert.Equal(expected, SentencePiece((Configuration, configuration)).Encode("a", addSpecialTokens: true));

    [Theory]
    [InlineData("llama3-style", "{}", new[] { 0 }, new int[0])]
    [InlineData("llama3-style", """{"bos_token": "<|begin_of_text|>", "add_bos_token": false}""", new int[0], new int[0])]
    [InlineData("llama3-style", """{"bos_token": "<|eot_id|>", "add_bos_token": true}""", new[] { 4 }, new int[0])]
    [InlineData("llama3-style", """{"eos_token": "<|eot_id|>", "add_eos_token": true}""", new[] { 0 }, new[] { 4 })]
    [InlineData("qwen2-style", """{"bos_token": "<|endoftext|>"}""", new int[0], new int[0])]
    [InlineData("qwen2-style", """{"bos_token": "<|endoftext|>", "add_bos_token": true}""", new[] { 0 }, new int[0])]
    [InlineData("qwen2-style", """{"add_bos_token": true}""", new int[0], new int[0])]
    [InlineData("qwen2-style", """{"bos_token": "<|endoftext|>", "eos_token": "<|im_end|>", "add_bos_token": true, "add_eos_token": true}""", new[] { 0 }, new[] { 2 })]
    public void Json_AddedAround_IsWhatTheFilesSay(string name, string configuration, int[] before, int[] after)
    {
        Tokenizer tokenizer = Json(name, (Configuration, configuration));
        Assert.Equal([.. before, .. tokenizer.Encode("a word"), .. after], tokenizer.Encode("a word", addSpecialTokens: true));
    }

    [Theory]
    [InlineData("gpt-neox-style", false, "{}", "word")]
    [InlineData("gpt-neox-style", false, """{"add_prefix_space": true}""", " word")]
    [InlineData("gpt-neox-style", true, "{}", " word")]
    [InlineData("gpt-neox-style", true, """{"add_prefix_space": false}""", "word")]
    [InlineData("digits-style", false, """{"add_prefix_space": true}""", "word")]
    public void Json_PrefixSpace_IsWhatTheConfigurationSays(string name, bool ofTheFile, string configuration, string expected)
    {
        JsonNode json = JsonNode.Parse(File.ReadAllText(Path.Combine(TokenizerFixtures.OurFolder(name), "tokenizer.json")))!;
        if (ofTheFile) json["pre_tokenizer"]!["add_prefix_space"] = true;
        using TemporaryFolder folder = Folder("tokenizer.json", Encoding.UTF8.GetBytes(json.ToJsonString()),
            (Configuration, configuration));
        Assert.Equal(TokenizerFixtures.Ours(name).Encode(expected), Tokenizer.Load(folder.Path).Encode("word"));
    }

    [Theory]
    [InlineData("""{"bos_token": "<|im_start|>"}""", """{"bos_token": "<|im_end|>"}""", "<|im_end|>")]
    [InlineData("""{"bos_token": "<|im_start|>"}""", """{"bos_token": null}""", null)]
    [InlineData("""{"bos_token": "<|im_start|>"}""", """{"eos_token": "<|im_end|>"}""", "<|im_start|>")]
    [InlineData("{}", """{"bos_token": {"content": "<|im_end|>"}}""", "<|im_end|>")]
    [InlineData("""{"bos_token": "<|im_start|>", "added_tokens_decoder": {}}""", """{"bos_token": "<|im_end|>"}""", "<|im_start|>")]
    [InlineData("""{"added_tokens_decoder": {}}""", """{"bos_token": "<|im_end|>"}""", null)]
    [InlineData("""{"tokenizer_class": "GPT2TokenizerFast"}""", null, "<|endoftext|>")]
    [InlineData("""{"tokenizer_class": "GPT2Tokenizer", "bos_token": null}""", null, null)]
    [InlineData("""{"tokenizer_class": "PreTrainedTokenizerFast"}""", null, null)]
    public void SpecialTokens_OfTwoFiles_HaveTransformersPrecedence(string configuration, string? map, string? expected) =>
        Assert.Equal(expected,
            (string?)Json("qwen2-style", (Configuration, configuration), (Map, map)).SpecialTokens.GetValueOrDefault("bos_token"));

    [Fact]
    public void SpecialTokens_AllKinds_ReachTemplates()
    {
        IReadOnlyDictionary<string, JsonNode?> tokens = Json("qwen2-style", (Configuration, """
            {"pad_token": "[P]", "unk_token": "<|endoftext|>", "mask_token": {"content": "[M]"}, "additional_special_tokens": ["[A]", {"content": "[B]"}],
             "extra_special_tokens": {"image_token": "<|im_start|>"}, "eot_token": "<|im_end|>", "add_bos_token": false}
            """)).SpecialTokens;
        Assert.Equal(["additional_special_tokens", "eot_token", "image_token", "mask_token", "pad_token", "unk_token"],
            tokens.Keys.Order(StringComparer.Ordinal));
        Assert.Equal("[M] [A][B]", $"{tokens["mask_token"]} {string.Concat(tokens["additional_special_tokens"]!.AsArray())}");
    }

    [Fact]
    public void Json_TokensOfOtherFiles_FollowTheFile()
    {
        Tokenizer tokenizer = Json("qwen2-style", (Configuration, """
            {"pad_token": "[P]", "added_tokens_decoder": {"0": {"content": "<|endoftext|>", "special": true}, "1505": {"content": "[X]", "special": true}}}
            """));
        Assert.Equal([1500, 1501, 0], tokenizer.Encode("[X][P]<|endoftext|>"));
        Assert.Equal("", tokenizer.Decode([1500, 1501], skipSpecialTokens: true));
    }

    [Fact]
    public void EndOfTextIds_AreThoseOfAllFiles()
    {
        (string, string?)[] files =
            [(Generation, """{"eos_token_id": [7, 0]}"""), (Config, """{"eos_token_id": 9}"""), (Configuration, """{"eos_token": "<|im_end|>"}"""), (Map, """{"eos_token": {"content": "<|im_start|>"}}""")];
        Assert.Equal([7, 0, 9, 2, 1], Json("qwen2-style", files).EndOfTextIds);
        for (int without = 0; without < files.Length; without++)
            Assert.Equal(without == 0 ? 3 : 4, Json("qwen2-style", [.. files.Where((_, i) => i != without)]).EndOfTextIds.Count);
        Assert.Equal([2, 1], Json("qwen2-style", (Configuration, """{"eos_token": "<|im_end|>", "added_tokens_decoder": {}}"""), files[3], (Config, """{"eos_token_id": null}""")).EndOfTextIds);
        Assert.Empty(Json("qwen2-style").EndOfTextIds);
    }

    [Theory]
    [InlineData("""{"eos_token_id": [4, 5]}""", """{"eos_token_id": 6}""", """{"eos_token": "<|im_end|>"}""", 4)]
    [InlineData("{}", """{"eos_token_id": 6}""", """{"eos_token": "<|im_end|>"}""", 2)]
    [InlineData("{}", """{"eos_token_id": 6}""", "{}", 6)]
    [InlineData("""{"eos_token_id": 999999}""", "{}", "{}", null)]
    public void SeparatorId_IsTheModelsOwnEnd(string config, string generation, string configuration, int? expected) =>
        Assert.Equal(expected, Json("qwen2-style", (Config, config), (Generation, generation), (Configuration, configuration)).SeparatorId);

    [Fact]
    public void Encode_TokenBeyondTheEmbedding_IsRefusedWhereATextHasIt()
    {
        using TemporaryFolder folder = Folder("tokenizer.json", File.ReadAllBytes(Path.Combine(TokenizerFixtures.OurFolder("qwen2-style"), "tokenizer.json")), (Configuration, """{"pad_token": "[P]"}"""));
        Tokenizer tokenizer = Tokenizer.Load(folder.Path, embeddings: 1500);
        Assert.Equal(Json("qwen2-style").Encode("any [P text"), tokenizer.Encode("any [P text"));
        ArgumentException refused = Assert.Throws<ArgumentException>(() => tokenizer.Encode("a [P]"));
        Assert.Equal("the text has the token '[P]' (1500), and the model's embeddings end at 1499; take it out of the text.",
            refused.Message);
        Assert.Contains(1500, Tokenizer.Load(folder.Path, embeddings: 1501).Encode("a [P]"));
    }

    [Theory]
    [InlineData(Configuration, "[]", "tokenizer_config.json must be an object, found [].")]
    [InlineData(Configuration, """{"bos_token": 5}""", "tokenizer_config.json: bos_token must be a text, found 5.")]
    [InlineData(Configuration, """{"add_bos_token": "yes"}""", "tokenizer_config.json: add_bos_token must be true or false, found \"yes\".")]
    [InlineData(Configuration, """{"added_tokens_decoder": {"x": {"content": "a"}}}""", "tokenizer_config.json: added_tokens_decoder.x: an id is a whole number from 0 on, found x.")]
    [InlineData(Configuration, """{"added_tokens_decoder": {"-1": {"content": "a"}}}""", "tokenizer_config.json: added_tokens_decoder.-1: an id is")]
    [InlineData(Configuration, """{"added_tokens_decoder": {"3": {"special": true}}}""", "tokenizer_config.json: added_tokens_decoder.3.content is missing")]
    [InlineData(Configuration, """{"added_tokens_decoder": {"3": {"content": "a", "special": 1}}}""", "tokenizer_config.json: added_tokens_decoder.3.special must be true or false, found 1.")]
    [InlineData(Configuration, """{"additional_special_tokens": "a"}""", "tokenizer_config.json: additional_special_tokens must be a list, found \"a\".")]
    [InlineData(Map, """{"eos_token": [1]}""", "special_tokens_map.json: eos_token must be a text, found [1].")]
    [InlineData(Added, """{"a": 1.5}""", "added_tokens.json: a must be a whole number of at most 32 bits, found 1.5.")]
    [InlineData(Added, """{"a": -1}""", "added_tokens.json: a must be an id from 0 on, found -1.")]
    [InlineData(Generation, """{"eos_token_id": ["a"]}""", "generation_config.json: eos_token_id[0] must be a whole number of at most 32 bits, found \"a\".")]
    [InlineData(Config, """{"eos_token_id": true}""", "config.json: eos_token_id must be a whole number of at most 32 bits, found true.")]
    public void Load_WrongValue_IsNamedWithFileAndKey(string name, string json, string message) =>
        Assert.Contains(message, Assert.Throws<InvalidDataException>(() => Json("qwen2-style", (name, json))).Message,
            StringComparison.Ordinal);

    private static Tokenizer SentencePiece(params (string Name, string? Json)[] files)
    {
        using TemporaryFolder folder = Folder("tokenizer.model", Model, files);
        return Tokenizer.Load(folder.Path);
    }

    private static Tokenizer Json(string tokenizer, params (string Name, string? Json)[] files)
    {
        using TemporaryFolder folder = Folder("tokenizer.json",
            File.ReadAllBytes(Path.Combine(TokenizerFixtures.OurFolder(tokenizer), "tokenizer.json")), files);
        return Tokenizer.Load(folder.Path);
    }

    private static TemporaryFolder Folder(string name, byte[] tokenizer, params (string Name, string? Json)[] files)
    {
        TemporaryFolder folder = new();
        folder.Write(name, tokenizer);
        foreach ((string file, string? json) in files)
            if (json is not null) folder.Write(file, Encoding.UTF8.GetBytes(json));
        return folder;
    }
}
