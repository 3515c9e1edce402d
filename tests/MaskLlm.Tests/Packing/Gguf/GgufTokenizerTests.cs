using System.Text.Json.Nodes;
using MaskLlm.Formats.Gguf;
using MaskLlm.Packing.Gguf;
using MaskLlm.Tests.Formats.Gguf;
using MaskLlm.Tests.Tokens;

namespace MaskLlm.Tests.Packing.Gguf;

public class GgufTokenizerTests
{
    private const int Vocabulary = 1530;

    [Theory]
    [InlineData("digits-style", "smollm")]
    [InlineData("gpt-neox-style", "gpt-2")]
    [InlineData("llama3-style", "llama-bpe")]
    [InlineData("qwen2-style", "qwen2")]
    public void Describe_ByteLevel_NamesTheSplitAndHoldsTokensAndMerges(string name, string split)
    {
        (GgufFile file, List<string> notes) = Describe(TokenizerFixtures.OurFolder(name));
        JsonNode json = JsonNode.Parse(File.ReadAllText(Path.Combine(TokenizerFixtures.OurFolder(name), "tokenizer.json")))!;
        Assert.Equal("gpt2", file.Fields["tokenizer.ggml.model"]);
        Assert.Equal(split, file.Fields["tokenizer.ggml.pre"]);
        Assert.Equal(json["model"]!["merges"]!.AsArray().Select(pair => $"{pair![0]} {pair[1]}"), file.List("tokenizer.ggml.merges"));
        Assert.Equal(Vocabulary, file.List("tokenizer.ggml.tokens").Length);
        Assert.All(json["model"]!["vocab"]!.AsObject(), entry =>
            Assert.Equal(entry.Key, file.List("tokenizer.ggml.tokens")[(int)entry.Value!]));
        foreach (JsonNode? added in json["added_tokens"]!.AsArray())
            Assert.Equal((bool)added!["special"]! ? 3 : 4, file.List("tokenizer.ggml.token_type")[(int)added["id"]!]);
        Assert.Equal(("[PAD1529]", 5), (file.List("tokenizer.ggml.tokens")[^1], file.List("tokenizer.ggml.token_type")[^1]));
        Assert.Equal(json["normalizer"] is null ? 0 : 1, notes.Count(note => note.Contains("NFC", StringComparison.Ordinal)));
    }

    [Fact]
    public void Describe_TemplateWithABeginToken_AddsIt()
    {
        using TemporaryFolder folder = Copy("llama3-style");
        folder.Write("tokenizer_config.json", """{"bos_token": {"content": "<|begin_of_text|>"}, "eos_token": "<|eot_id|>", "pad_token": "none"}"""u8.ToArray());
        folder.Write("config.json", """{"eos_token_id": [1, 4], "pad_token_id": 1}"""u8.ToArray());
        OrderedDictionary<string, object> fields = Describe(folder.Path).File.Fields;
        // A token that is named and not known is a new one, as in transformers.
        Assert.Equal([0u, 4u, 1500u], new[] { "bos", "eos", "padding" }.Select(kind => fields[$"tokenizer.ggml.{kind}_token_id"]));
        Assert.Equal([true, false], new[] { "bos", "eos" }.Select(kind => fields[$"tokenizer.ggml.add_{kind}_token"]));
        Assert.Equal(1u, fields["tokenizer.ggml.eot_token_id"]);
        Assert.False(fields.ContainsKey("tokenizer.ggml.unknown_token_id"));
    }

    [Fact]
    public void Describe_SettingsThatSayOtherwise_Count()
    {
        using TemporaryFolder folder = Copy("llama3-style");
        folder.Write("tokenizer_config.json", """{"bos_token": "<|begin_of_text|>", "add_bos_token": false, "chat_template": [{"name": "tools", "template": "a"}, {"name": "default", "template": "b"}]}"""u8.ToArray());
        OrderedDictionary<string, object> fields = Describe(folder.Path).File.Fields;
        Assert.Equal(false, fields["tokenizer.ggml.add_bos_token"]);
        Assert.Equal("b", fields["tokenizer.chat_template"]);
        folder.Write("chat_template.jinja", "{{ c }}"u8.ToArray());
        Assert.Equal("{{ c }}", Describe(folder.Path).File.Fields["tokenizer.chat_template"]);
    }

    [Fact]
    public void Describe_IdsInTheConfigurationOnly_AreTaken()
    {
        using TemporaryFolder folder = Copy("qwen2-style");
        folder.Write("config.json", """{"bos_token_id": 0, "eos_token_id": 999999}"""u8.ToArray());
        OrderedDictionary<string, object> fields = Describe(folder.Path).File.Fields;
        Assert.Equal(0u, fields["tokenizer.ggml.bos_token_id"]);
        Assert.False(fields.ContainsKey("tokenizer.ggml.eos_token_id"));
    }

    [Fact]
    public void Describe_SentencePiece_HoldsScoresAndKinds()
    {
        using TemporaryFolder folder = new();
        folder.Write("tokenizer.model",
            SentencePieceReaderTests.Model(SentencePieceReaderTests.BytePair, ("▁", 0f), ("a", -1f), ("▁a", -2f)));
        folder.Write("config.json", """{"bos_token_id": 1}"""u8.ToArray());
        GgufFile file = Describe(folder.Path, 7).File;
        Assert.Equal("llama", file.Fields["tokenizer.ggml.model"]);
        Assert.Equal(["<unk>", "<s>", "▁", "a", "▁a", "[PAD5]", "[PAD6]"], file.List("tokenizer.ggml.tokens"));
        Assert.Equal([2, 3, 1, 1, 1, 5, 5], file.List("tokenizer.ggml.token_type"));
        Assert.Equal([0f, 0f, 0f, -1f, -2f, -1000f, -1000f], file.List("tokenizer.ggml.scores"));
        Assert.Equal([true, true], new[] { "add_space_prefix", "add_bos_token" }.Select(key => file.Fields[$"tokenizer.ggml.{key}"]));
    }

    [Fact]
    public void Describe_TokensOfOtherFiles_AreInTheFile()
    {
        using TemporaryFolder folder = new();
        folder.Write("tokenizer.model", SentencePieceReaderTests.Model(SentencePieceReaderTests.BytePair, ("▁", 0f), ("a", -1f)));
        folder.Write("added_tokens.json", """{"[X]": 4, "[Y]": 5, "[Z]": 7}"""u8.ToArray());
        folder.Write("special_tokens_map.json", """{"bos_token": "<s>", "eos_token": "[X]"}"""u8.ToArray());
        folder.Write("tokenizer_config.json", """{"eos_token": "[Y]", "add_bos_token": false, "add_eos_token": true}"""u8.ToArray());
        folder.Write("generation_config.json", """{"eos_token_id": [3, 2, 1]}"""u8.ToArray());
        (GgufFile file, List<string> notes) = Describe(folder.Path, 7);
        Assert.Equal(["<unk>", "<s>", "▁", "a", "[X]", "[Y]", "[PAD6]"], file.List("tokenizer.ggml.tokens"));
        Assert.Equal([2, 3, 1, 1, 3, 4, 5], file.List("tokenizer.ggml.token_type"));
        Assert.Equal([1u, 4u, 3u, 2u], new[] { "bos", "eos", "eot", "eom" }.Select(kind => file.Fields[$"tokenizer.ggml.{kind}_token_id"]));
        Assert.Equal([false, true], new[] { "bos", "eos" }.Select(kind => file.Fields[$"tokenizer.ggml.add_{kind}_token"]));
        Assert.Equal(2, notes.Count);
        Assert.Contains("'[Z]' (7) beyond the 7 embeddings", notes[0], StringComparison.Ordinal);
        Assert.Contains("ends at 5 tokens, and a GGUF file names 3: llama.cpp may not end at 1, 5.", notes[1], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("llama2-style", "copy tokenizer.model")]
    [InlineData("gemma-style", "copy tokenizer.model")]
    public void Describe_SentencePieceAsJsonOnly_AsksForTheModel(string name, string expected) =>
        Assert.Contains(expected, Assert.Throws<NotSupportedException>(() => Describe(TokenizerFixtures.OurFolder(name))).Message,
            StringComparison.Ordinal);

    [Theory]
    [InlineData("\"add_prefix_space\":false", "\"add_prefix_space\":true", "pre_tokenizer")]
    [InlineData("\"individual_digits\":true", "\"individual_digits\":false", "pre_tokenizer")]
    [InlineData("\"normalizer\":null", "\"normalizer\":{\"type\":\"NFD\"}", "only NFC")]
    [InlineData("\"ignore_merges\":false", "\"ignore_merges\":true", "ignore_merges")]
    public void Describe_WhatLlamaCppDoesNotSplit_IsRefused(string from, string to, string expected)
    {
        using TemporaryFolder folder = new();
        string json = JsonNode.Parse(File.ReadAllText(Path.Combine(TokenizerFixtures.OurFolder("digits-style"),
            "tokenizer.json")))!.ToJsonString();
        Assert.Contains(from, json, StringComparison.Ordinal);
        File.WriteAllText(folder.File("tokenizer.json"), json.Replace(from, to, StringComparison.Ordinal));
        Assert.Contains(expected, Assert.Throws<NotSupportedException>(() => Describe(folder.Path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Describe_MoreTokensThanEmbeddings_IsRefused() =>
        Assert.Contains("1499",
            Assert.Throws<InvalidDataException>(() => Describe(TokenizerFixtures.OurFolder("digits-style"), 1400)).Message,
            StringComparison.Ordinal);

    [Fact]
    public void Describe_NoTokenizer_SaysThatTheFileHasNone()
    {
        using TemporaryFolder folder = new();
        (GgufFile file, List<string> notes) = Describe(folder.Path);
        Assert.Equal("no_vocab", file.Fields["tokenizer.ggml.model"]);
        Assert.Contains("no tokenizer", Assert.Single(notes), StringComparison.Ordinal);
    }

    private static TemporaryFolder Copy(string name)
    {
        TemporaryFolder folder = new();
        File.Copy(Path.Combine(TokenizerFixtures.OurFolder(name), "tokenizer.json"), folder.File("tokenizer.json"));
        return folder;
    }

    private static (GgufFile File, List<string> Notes) Describe(string tokenizer, int vocabularySize = Vocabulary)
    {
        using TemporaryFolder folder = new();
        GgufFields fields = new();
        List<string> notes = [];
        GgufTokenizer.Describe(fields, notes, tokenizer, vocabularySize);
        GgufWriter.Write(folder.File("a.gguf"), fields, []);
        return (new GgufFile(folder.File("a.gguf")), notes);
    }
}
