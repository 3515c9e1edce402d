using System.Text;
using System.Text.Json.Nodes;
using MaskLlm.Tokens;

namespace MaskLlm.Tests.Tokens;

/// <summary>
/// Small tokenizers whose tokens are the words themselves: every word that reaches the model whole is one id. What the words are follows
/// from Hugging Face's description of each component.
/// </summary>
public class TokenizerComponentsTests
{
    // One character a piece for what normalizers do; decoding with nothing in between shows the text that reached the model.
    [Theory]
    [InlineData("""{"type": "NFKC"}""", "\uFB01\u2460", "fi1")]
    [InlineData("""{"type": "NFKD"}""", "\u00E9\uFF21", "e\u0301A")]
    [InlineData("""{"type": "NFD"}""", "\u00E9\uFF21", "e\u0301\uFF21")]
    [InlineData("""{"type": "NFC"}""", "e\u0301\u1DF6\u0323", "\u00E9\u1DF6\u0323")]
    [InlineData("""{"type": "Sequence", "normalizers": [{"type": "NFKC"}, {"type": "Sequence", "normalizers": [{"type": "Lowercase"}]}]}""",
        "\uFF21b", "ab")]
    [InlineData("""{"type": "StripAccents"}""", "\u00E9e\u0301\u0903\u20DD\u1DF6\u1CF2\U0001E8D0", "\u00E9e\u1DF6")]
    [InlineData(
        """{"type": "Sequence", "normalizers": [{"type": "NFD"}, {"type": "StripAccents"}]}""", "\u00C0\u1EA5\u00E7", "Aac")]
    [InlineData("""{"type": "Sequence", "normalizers": []}""", "A", "A")]
    [InlineData("""{"type": "Replace", "pattern": {"Regex": "\\bx|[\\p{Han}&&[^中]]"}, "content": "_"}""", "xx 漢中", "_x _中")]
    public void Normalizer_ChangesTheText(string normalizer, string text, string wanted) =>
        Assert.Equal(wanted, Through("normalizer", normalizer, text));

    // Punctuation: all of ASCII's and the general categories P, each match by itself; the behaviour as of Split.
    [Theory]
    [InlineData("""{"type": "Punctuation"}""", "Hey!! you", "Hey|!|!| you")]
    [InlineData("""{"type": "Punctuation", "behavior": "Isolated"}""", "a$b", "a|$|b")]
    [InlineData("""{"type": "Punctuation", "behavior": "Removed"}""", "Hey!! you。", "Hey| you")]
    [InlineData("""{"type": "Punctuation", "behavior": "Contiguous"}""", "Hey!?! you", "Hey|!?!| you")]
    [InlineData("""{"type": "Punctuation", "behavior": "MergedWithPrevious"}""", "Hey!! you", "Hey!|!| you")]
    [InlineData("""{"type": "Punctuation", "behavior": "MergedWithNext"}""", "Hey!! you", "Hey|!|! you")]
    [InlineData("""{"type": "WhitespaceSplit"}""", "Hey man,\u00A0ok\n", "Hey|man,|ok")]
    [InlineData("""{"type": "Whitespace"}""", "Hey_1 man!? a\u200Db", "Hey_1|man|!?|a\u200Db")]
    [InlineData("""{"type": "CharDelimiterSplit", "delimiter": "-"}""", "a--b-", "a|b")]
    [InlineData("""{"type": "Digits", "individual_digits": false}""", "a12b", "a|12|b")]
    public void PreTokenizer_CutsWords(string preTokenizer, string text, string wanted) => Assert.Equal(wanted, Words(preTokenizer, text));

    // In the manner of BLOOM, DeepSeek-LLM, Kimi: patterns with what .NET lacks. Each step cuts the words of the one before: the range
    // from : to ~ holds the Latin letters, too, so it parts b from the letter before it.
    [Theory]
    [InlineData("""[" ?[^(\\s|.,!?…。，、।۔،)]+"]""", "Hi there, you।", "Hi| there|,| you|।")]
    [InlineData("""["[\\r\\n]", "\\s?[A-Za-zµ𐐀-𐑏]+", "\\s?[!-/:-~！-／]+", "\\s+$", "[一-龥가-퟿]+", "\\p{N}+"]""",
        "Hi 𐐀b!中国12  \n ", "Hi| 𐐀|b|!|中国|12|  |\n| ")]
    [InlineData("""["[\\p{Han}]+|[\\p{L}&&[^\\p{Han}]]+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s+(?!\\S)|\\s+"]""",
        "ab中国1234 !", "ab|中国|123|4| !")]
    [InlineData("""["\\d{1,3}(?=(?:\\d{3})*\\b)"]""", "1234567", "1|234|567")]
    public void Split_PatternsOfFamilies_CutWords(string patterns, string text, string wanted)
    {
        IEnumerable<JsonNode> steps = JsonNode.Parse(patterns)!.AsArray().Select(pattern => new JsonObject
        {
            ["type"] = "Split",
            ["pattern"] = new JsonObject { ["Regex"] = pattern!.GetValue<string>() },
            ["behavior"] = "Isolated",
            ["invert"] = false,
        });
        JsonObject sequence = new() { ["type"] = "Sequence", ["pretokenizers"] = new JsonArray([.. steps]) };
        Assert.Equal(wanted, Words(sequence.ToJsonString(), text));
    }

    // Falcon's steps: what follows ByteLevel sees the symbols of bytes. é is Ã and ©, of which neither is a number; ² is Â and ², and
    // the symbol ² is one, so the character is cut between its bytes. Digits cuts runs, the last step threes of them.
    [Fact]
    public void PreTokenizer_StepsAfterByteLevel_SeeSymbols()
    {
        const string Falcon = """
            {"type": "Sequence", "pretokenizers": [{"type": "Punctuation", "behavior": "Contiguous"},
             {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true},
             {"type": "Digits", "individual_digits": false},
             {"type": "Split", "pattern": {"Regex": "[0-9][0-9][0-9]"}, "behavior": "Isolated", "invert": false}]}
            """;
        Assert.Equal("é|Â|²|Ġ|123|45|!?", Words(Falcon, "é² 12345!?").Replace("Ã©", "é", StringComparison.Ordinal));
        Tokenizer tokenizer = Tokenizer("pre_tokenizer", Falcon, """{"type": "ByteLevel"}""");
        Assert.Equal("é² 12345!?", tokenizer.Decode(tokenizer.Encode("é² 12345!?")));
    }

    // cls before the text, sep after it; in a sequence the later processor's tokens are outside.
    [Theory]
    [InlineData("""{"type": "RobertaProcessing", "sep": ["</s>", 2], "cls": ["<s>", 1], "trim_offsets": true, "add_prefix_space": false}""",
        new[] { 1, 97, 2 })]
    [InlineData("""{"type": "BertProcessing", "sep": ["[SEP]", 4], "cls": ["[CLS]", 3]}""", new[] { 3, 97, 4 })]
    [InlineData(
        """
        {"type": "Sequence", "processors": [{"type": "ByteLevel"}, {"type": "BertProcessing", "sep": ["b", 4], "cls": ["a", 3]},
         {"type": "RobertaProcessing", "sep": ["d", 6], "cls": ["c", 5]}]}
        """,
        new[] { 5, 3, 97, 4, 6 })]
    public void PostProcessor_PutsTokensAround(string processor, int[] wanted) =>
        Assert.Equal(wanted, Tokenizer("post_processor", processor, null).Encode("a", addSpecialTokens: true));

    // Every token that begins like the one that is found was compared with it: a million tokens in a text of a million of them.
    [Fact]
    public void AddedTokens_ManyOfOneBeginning_CostWhatIsFound()
    {
        const string Model = """{"model": {"type": "BPE", "vocab": {"a": 0}, "merges": []}, "decoder": {"type": "Fuse"}}""";
        JsonObject root = JsonNode.Parse(Model)!.AsObject();
        IEnumerable<JsonNode> tokens = Enumerable.Range(1, 50_000).Select(id => new JsonObject { ["id"] = id, ["content"] = $"<{id:D5}>" });
        root["added_tokens"] = new JsonArray([.. tokens]);
        string text = string.Concat(Enumerable.Repeat("<00001><50000>", 50_000));
        Assert.Equal(100_000, Read(root.ToJsonString()).Encode(text).Length);
    }

    // Each step doubles: 2^40 characters. No step is begun whose text is beyond the budget.
    [Theory]
    [InlineData("String")]
    [InlineData("Regex")]
    public void Normalizer_DoublingSteps_AreOneSentence(string pattern)
    {
        string step = $$"""{"type": "Replace", "pattern": {"{{pattern}}": "a"}, "content": "aa"}""";
        Tokenizer tokenizer = Tokenizer("normalizer", Sequence("normalizers", step, 40), null);
        InvalidDataException error = Assert.Throws<InvalidDataException>(() => tokenizer.Encode("a"));
        AssertSentence("test.json: normalizer: the steps of the tokenizer make at least 131072 characters of a text of 1", error);
        Assert.Equal(1 << 11, Tokenizer("normalizer", Sequence("normalizers", step, 11), null).Encode("a").Length);
    }

    [Fact]
    public void Normalizer_PrependedMany_IsOneSentence()
    {
        string step = $$"""{"type": "Prepend", "prepend": "{{new string('a', 1000)}}"}""";
        Tokenizer tokenizer = Tokenizer("normalizer", Sequence("normalizers", step, 200), null);
        AssertSentence("at most 65568 are made", Assert.Throws<InvalidDataException>(() => tokenizer.Encode("a")));
    }

    [Fact]
    public void Decoder_DoublingSteps_AreOneSentence()
    {
        const string Step = """{"type": "Replace", "pattern": {"String": "a"}, "content": "aa"}""";
        Tokenizer tokenizer = Tokenizer("decoder", Sequence("decoders", Step, 40), null);
        AssertSentence("test.json: decoder: the steps of", Assert.Throws<InvalidDataException>(() => tokenizer.Decode([97])));
    }

    [Theory]
    [InlineData("normalizer", "normalizers", """{"type": "NFC"}""")]
    [InlineData("pre_tokenizer", "pretokenizers", """{"type": "Punctuation"}""")]
    [InlineData("decoder", "decoders", """{"type": "Fuse"}""")]
    [InlineData("post_processor", "processors", """{"type": "ByteLevel"}""")]
    public void Component_ManyOrDeepSteps_AreOneSentence(string component, string members, string step)
    {
        string many = Sequence(members, step, 257);
        AssertSentence("more than 256 steps", Assert.Throws<InvalidDataException>(() => Tokenizer(component, many, null)));
        string deep = step;
        for (int depth = 0; depth < 100; depth++)
            deep = Sequence(members, deep, 1);
        string json = $$"""{"model": {}, "{{component}}": {{deep}} }""";
        AssertSentence("nested deeper than 64", Assert.Throws<InvalidDataException>(() => Read(json)));
    }

    // A character before every word, then every character a word: the words double with each pair of steps.
    [Fact]
    public void PreTokenizer_DoublingSteps_AreOneSentence()
    {
        const string Steps = """
            {"type": "Metaspace", "replacement": "_", "prepend_scheme": "always"},
            {"type": "Split", "pattern": {"Regex": "."}, "behavior": "Isolated"},
            {"type": "Metaspace", "replacement": "-", "prepend_scheme": "always"},
            {"type": "Split", "pattern": {"Regex": "."}, "behavior": "Isolated"}
            """;
        Assert.Equal("-|_|-|a", Words(Sequence("pretokenizers", Steps, 1), "a"));
        string many = Sequence("pretokenizers", Steps, 3);
        InvalidDataException error = Assert.Throws<InvalidDataException>(() => Tokenizer("pre_tokenizer", many, null));
        AssertSentence("pre_tokenizer: more than 4 Metaspace steps", error);
    }

    [Fact]
    public void PostProcessor_ManyTokens_IsOneSentence()
    {
        string items = string.Join(',', Enumerable.Repeat("""{"SpecialToken": {"id": "a", "type_id": 0}}""", 1000));
        string ids = string.Join(',', Enumerable.Repeat("1", 100_000));
        string specials = $$"""{"a": {"id": "a", "ids": [{{ids}}], "tokens": []} }""";
        string processor = $$"""{"type": "TemplateProcessing", "single": [{{items}}], "special_tokens": {{specials}} }""";
        InvalidDataException error = Assert.Throws<InvalidDataException>(() => Tokenizer("post_processor", processor, null));
        AssertSentence("more than 1024 special tokens", error);
    }

    [Fact]
    public void PreTokenizer_PatternThatBacktracks_IsOneSentenceWithItsPlace()
    {
        const string Split = """{"type": "Split", "pattern": {"Regex": "(?=(?:a|a)+b)a"}, "behavior": "Isolated"}""";
        Tokenizer tokenizer = Tokenizer("pre_tokenizer", Split, null);
        InvalidDataException error = Assert.Throws<InvalidDataException>(() => tokenizer.Encode(new string('a', 100)));
        AssertSentence("test.json: pre_tokenizer: Split: the pattern (?=(?:a|a)+b)a takes more than", error);
    }

    // Every value of a file in turn becomes one of another type: the file is read, or refused in words of ours that begin with its name.
    [Fact]
    public void Read_AnyValueOfAnotherType_IsReadOrOneSentence()
    {
        string[] others =
            ["null", "5", "-1", "1.5", "1e999", "\"x\"", "\"\\ud800\"", "true", "[]", "[[1]]", "{}", """{"type": "Sequence"}"""];
        int refused = 0;
        int places = CountOf(JsonNode.Parse(Everything));
        for (int place = 1; place < places; place++)
        {
            foreach (string other in others)
            {
                int at = place;
                string json = Replaced(JsonNode.Parse(Everything), other, ref at);
                refused += IsReadOrRefused(json) ? 0 : 1;
            }
        }

        Assert.True(places > 80 && refused > places, $"{places} places, {refused} refused");
    }

    private const string Everything = """
        {"version": "1.0", "truncation": null, "padding": null,
         "added_tokens": [
           {"id": 7, "content": "#", "single_word": false, "lstrip": true, "rstrip": false, "normalized": false, "special": true}],
         "normalizer": {"type": "Sequence", "normalizers": [{"type": "NFKC"}, {"type": "Strip", "strip_left": true, "strip_right": false},
           {"type": "Prepend", "prepend": "▁"}, {"type": "Replace", "pattern": {"Regex": "\\s"}, "content": "▁"}]},
         "pre_tokenizer": {"type": "Sequence", "pretokenizers": [
           {"type": "Split", "pattern": {"Regex": "\\d"}, "behavior": "Removed", "invert": false},
           {"type": "Digits", "individual_digits": true}, {"type": "Punctuation", "behavior": "Isolated"},
           {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "first", "split": true},
           {"type": "CharDelimiterSplit", "delimiter": "-"}, {"type": "ByteLevel", "add_prefix_space": false, "use_regex": false}]},
         "post_processor": {"type": "Sequence", "processors": [{"type": "RobertaProcessing", "sep": ["b", 1], "cls": ["a", 0]},
           {"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "a", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
            "pair": [], "special_tokens": {"a": {"id": "a", "ids": [0], "tokens": ["a"]}}}]},
         "decoder": {"type": "Sequence", "decoders": [{"type": "Strip", "content": "▁", "start": 1, "stop": 0},
           {"type": "Replace", "pattern": {"String": "▁"}, "content": " "},
           {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "first"}]},
         "model": {"type": "BPE", "dropout": null, "unk_token": "a", "continuing_subword_prefix": "", "end_of_word_suffix": "",
           "fuse_unk": true, "byte_fallback": false, "ignore_merges": true, "vocab": {"a": 0, "b": 1, "ab": 2}, "merges": [["a", "b"], "a b"]}}
        """;

    private static bool IsReadOrRefused(string json)
    {
        try
        {
            Tokenizer tokenizer = Read(json);
            tokenizer.Decode(tokenizer.Encode("ab-1. #b", addSpecialTokens: true));
            return true;
        }
        catch (Exception error) when (error is InvalidDataException or NotSupportedException)
        {
            AssertSentence("test.json: ", error);
            return false;
        }
    }

    private static void AssertSentence(string part, Exception error)
    {
        Assert.Contains(part, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error.Message);
        // Words of System.Text.Json.
        string[] words = ["JsonElement", "JsonValueKind", "BytePositionInLine", "The given key", "requested operation", "target type"];
        foreach (string word in words)
            Assert.DoesNotContain(word, error.Message, StringComparison.Ordinal);
    }

    private static int CountOf(JsonNode? node) => 1 + node switch
    {
        JsonObject items => items.Sum(item => CountOf(item.Value)),
        JsonArray items => items.Sum(CountOf),
        _ => 0,
    };

    private static string Replaced(JsonNode? node, string other, ref int at)
    {
        if (at-- == 0)
            return other;
        switch (node)
        {
            case JsonObject items:
                List<string> members = [];
                foreach ((string name, JsonNode? value) in items)
                    members.Add($"{JsonValue.Create(name).ToJsonString()}: {Replaced(value, other, ref at)}");
                return $"{{{string.Join(", ", members)}}}";
            case JsonArray items:
                List<string> values = [];
                foreach (JsonNode? value in items)
                    values.Add(Replaced(value, other, ref at));
                return $"[{string.Join(", ", values)}]";
            default:
                return node?.ToJsonString() ?? "null";
        }
    }

    private static string Sequence(string members, string step, int count) =>
        $$"""{"type": "Sequence", "{{members}}": [{{string.Join(',', Enumerable.Repeat(step, count))}}]}""";

    /// <summary>The text that reaches the model, whose tokens are all characters of the basic plane by their numbers.</summary>
    private static string Through(string component, string value, string text) =>
        string.Concat(Tokenizer(component, value, null).Encode(text).Select(id => (char)id));

    /// <summary>The words that reach the model.</summary>
    private static string Words(string preTokenizer, string text)
    {
        List<string> words = [];
        string json = Json("pre_tokenizer", preTokenizer, null);
        TokenizerParts parts = TokenizerJsonReader.Read(Encoding.UTF8.GetBytes(json), "test.json");
        WordCollector.Run(parts.PreTokenizers, text, words);
        return string.Join('|', words);
    }

    private static Tokenizer Tokenizer(string component, string value, string? decoder) => Read(Json(component, value, decoder));

    private static string Json(string component, string value, string? decoder)
    {
        JsonObject vocabulary = [];
        for (int unit = 1; unit < 0xD800; unit++)
            vocabulary[((char)unit).ToString()] = unit;
        for (int unit = 0xE000; unit <= 0xFFFF; unit++)
            vocabulary[((char)unit).ToString()] = unit;
        JsonObject root = new()
        {
            ["decoder"] = JsonNode.Parse(decoder ?? """{"type": "Fuse"}"""),
            ["model"] = new JsonObject { ["type"] = "BPE", ["vocab"] = vocabulary, ["merges"] = new JsonArray() },
        };
        root[component] = JsonNode.Parse(value);
        return root.ToJsonString();
    }

    private static Tokenizer Read(string json) => new(TokenizerJsonReader.Read(Encoding.UTF8.GetBytes(json), "test.json"), "");

    /// <summary>A last step that keeps the words and hands nothing on.</summary>
    private sealed class WordCollector(List<string> words) : PreTokenizer
    {
        public static void Run(IReadOnlyList<PreTokenizer> steps, string text, List<string> words)
        {
            BpeModel model = new(new Vocabulary { Ids = new Dictionary<string, int>(), Merges = [] });
            PieceSink sink = new([.. steps, new WordCollector(words)], 0, model, new IdBuffer());
            sink.Emit(new Piece(text, 0, text.Length, IsFirst: true));
        }

        public override void Split(in Piece piece, in PieceSink sink) => words.Add(piece.Span.ToString());
    }
}
