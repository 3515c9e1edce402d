using System.Net;
using System.Text.Json.Nodes;
using MaskLlm.Serving.Http;
using MaskLlm.Tests;

namespace MaskLlm.Cli.Tests;

/// <summary>Each field of OpenAI's API is served, refused or without effect, as docs/serving.md says.</summary>
public class RequestTableTests
{
    private const string Completions = "/v1/completions", Chat = "/v1/chat/completions";

    // The API as of 2026: completions, chat completions, messages of chats, options of streams.
    private const string OfCompletions =
        "model prompt best_of echo frequency_penalty logit_bias logprobs max_tokens n presence_penalty seed stop stream stream_options "
            + "suffix temperature top_p user";
    private const string OfChat =
        "messages model audio frequency_penalty function_call functions logit_bias logprobs max_completion_tokens max_tokens metadata "
            + "modalities moderation n "
        + "parallel_tool_calls prediction presence_penalty prompt_cache_key prompt_cache_options prompt_cache_retention reasoning_effort "
            + "response_format "
        + "safety_identifier seed service_tier stop store stream stream_options temperature tool_choice tools top_logprobs top_p user "
            + "verbosity web_search_options";

    [Fact]
    public void Tables_HaveEveryFieldOfTheApi()
    {
        foreach ((string names, FieldTable table) in new[]
        {
            (OfCompletions, RequestTables.Completions),
            (OfChat, RequestTables.Chat),
            ("role content name refusal tool_calls tool_call_id function_call audio", RequestTables.Message),
            ("type text", RequestTables.Part),
            ("include_usage include_obfuscation", RequestTables.StreamOptions),
        })
            Assert.Empty(names.Split(' ').Except(table.Rows.Select(row => row.Name)));
    }

    [Fact]
    public void Documentation_ShowsTheTables()
    {
        string written = string.Concat(RequestTables.All.Select(Markdown));
        string text = File.ReadAllText(Path.Combine(ReadmeTests.RepositoryRoot(), "docs", "serving.md"));
        const string Begin = "<!-- fields -->\n", End = "<!-- end of fields -->";
        string shown = text.Split(Begin)[1].Split(End)[0];
        Assert.True(written == shown, $"docs/serving.md between its marks should be:\n{written}");
    }

    [Fact]
    public async Task ServedFields_OfAnotherType_AreRefusedByName()
    {
        using TemporaryFolder folder = new();
        using RunningServer server = await RunningServer.StartOn(ChatModel.In(folder));
        foreach ((string path, FieldTable table) in new[] { (Completions, RequestTables.Completions), (Chat, RequestTables.Chat) })
        {
            foreach (FieldRow row in table.Rows.Where(row => row.Use == FieldUse.Served))
                foreach (string wrong in new[] { """{ "weird": true }""", "[{}]", row.Name is "stream" or "continue_final_message" or "add_generation_prompt" ? "1" : "true" })
                    await AssertRefused(server, path, row.Name, wrong);
        }
    }

    [Theory]
    [InlineData(Completions)]
    [InlineData(Chat)]
    public async Task RefusedAndIgnoredFields_AreAsTheTableSays(string path)
    {
        using TemporaryFolder folder = new();
        using RunningServer server = await RunningServer.StartOn(ChatModel.In(folder));
        FieldTable table = path == Chat ? RequestTables.Chat : RequestTables.Completions;
        string plain = Text(await server.PostJson(path, Body(path, null, null)));
        foreach (FieldRow row in table.Rows.Where(row => row.Use == FieldUse.Refused))
        {
            foreach (string asks in new[] { "7", "true", "\"required\"", """{ "name": "f" }""", "[1]", "0.5" }.Where(asks => !row.Neutral.Contains(asks)))
                await AssertRefused(server, path, row.Name, asks);
            if (!row.Neutral.Contains("{}")) await AssertRefused(server, path, row.Name, "{}");
            foreach (string neutral in row.Neutral.Append("null"))
                Assert.Equal(plain, Text(await server.PostJson(path, Body(path, row.Name, neutral))));
        }
        foreach (FieldRow row in table.Rows.Where(row => row.Use == FieldUse.Ignored))
            Assert.Equal(plain, Text(await server.PostJson(path, Body(path, row.Name, """{ "any": [ 1 ] }"""))));
    }

    [Fact]
    public async Task UnknownFields_AreRefusedWithTheNearestName()
    {
        using RunningServer server = await RunningServer.Start();
        Assert.Contains("did you mean temperature?", await AssertRefused(server, Completions, "temprature", "0.5"),
            StringComparison.Ordinal);
        await AssertRefused(server, Completions, "guided_json", "{}");
        Assert.NotNull(await server.PostJson(Completions, Body(Completions, "guided_json", "null")));
        using HttpResponseMessage nested = await server.Post(Completions, """{ "prompt": "a", "stream": true, "stream_options": { "include_usages": true } }""");
        Assert.Equal(HttpStatusCode.BadRequest, nested.StatusCode);
        Assert.Contains("stream_options.include_usages", await nested.Content.ReadAsStringAsync(TestContext.Current.CancellationToken),
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task Numbers_OutOfTheirRange_AreRefusedByName()
    {
        using RunningServer server = await RunningServer.Start();
        foreach ((string name, string value) in new[]
        {
            ("temperature", "-1"), ("temperature", "1e400"), ("temperature", "-1e400"), ("temperature", "101"), ("temperature", "\"1\""),
            ("top_p", "0"), ("top_p", "1.5"), ("top_p", "1e39"),
            ("top_k", "-2"), ("top_k", "1.5"), ("top_k", "1e400"), ("top_k", "4294967296"), ("repetition_penalty", "0"),
            ("repetition_penalty", "1e-40"), ("repetition_penalty", "-1"),
            ("seed", "9223372036854775808"), ("seed", "0.5"), ("max_tokens", "0"), ("max_tokens", "-3"), ("max_tokens", "64"),
            ("max_tokens", "1e400"), ("max_completion_tokens", "0"),
            ("max_completion_tokens", "64"), ("stop_token_ids", "[-1]"), ("stop_token_ids", "[300]"), ("stop_token_ids", "[1.5]"),
            ("stop_token_ids", "5"), ("n", "1e400"),
        })
            await AssertRefused(server, Completions, name, value);
        using HttpResponseMessage differing = await server.Post(Completions, """{ "prompt": "a", "max_tokens": 3, "max_completion_tokens": 4 }""");
        Assert.Equal(HttpStatusCode.BadRequest, differing.StatusCode);
    }

    [Fact]
    public async Task WholeNumbers_WrittenWithAPointOrAnExponent_AreThemselves()
    {
        using RunningServer server = await RunningServer.Start();
        string plain = Text(await server.PostJson(Completions, """{ "prompt": [1, 40], "max_tokens": 10, "seed": 5, "top_k": 7, "stop_token_ids": [299] }"""));
        JsonNode same = await server.PostJson(
            Completions, """{ "prompt": [1.0, 4e1], "max_tokens": 1e1, "seed": 5.0, "top_k": 70e-1, "stop_token_ids": [299.0], "n": 1.0 }""");
        Assert.Equal(plain, Text(same));
        foreach ((string name, string value) in new[] { ("max_tokens", "4.5"), ("seed", "1e-30"), ("seed", "4.0000000000000001"),
            ("top_k", "\"4\"") })
            Assert.EndsWith("a whole number is expected.", await AssertRefused(server, Completions, name, value), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("max_tokens", "1000000000000", "a whole number from -2147483648 to 2147483647 is expected.")]
    [InlineData("top_k", "-3e9", "a whole number from -2147483648 to 2147483647 is expected.")]
    [InlineData("seed", "9223372036854775808", "a whole number from -9223372036854775808 to 9223372036854775807 is expected.")]
    [InlineData("seed", "1e400", "a whole number from -9223372036854775808 to 9223372036854775807 is expected.")]
    [InlineData("prompt", "[4294967296]", "the token 4294967296 is none of the model's, whose ids end at 299.")]
    [InlineData("temperature", "1e400", "0 to 100 is needed.")]
    public async Task Numbers_BeyondTheType_AreToldTheRange(string name, string value, string sentence)
    {
        using RunningServer server = await RunningServer.Start();
        Assert.EndsWith(sentence, await AssertRefused(server, Completions, name, value), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(Completions, "max_tokens")]
    [InlineData(Chat, "max_completion_tokens")]
    public async Task MaxTokens_AboveMaxOutput_EndsThereAndAboveTheContextIsRefused(string path, string name)
    {
        using TemporaryFolder folder = new();
        using RunningServer server = await RunningServer.StartOn(ChatModel.In(folder), "--max-output", "5");
        string body = path == Chat ? """{ "messages": [ { "role": "user", "content": "the fox" } ], "temperature": 0""" : """{ "prompt": "the fox", "temperature": 0""";
        JsonNode cut = await server.PostJson(path, body + $", \"{name}\": 20 }}");
        Assert.Equal(5, cut["usage"]!["completion_tokens"]!.GetValue<int>());
        Assert.Equal("length", cut["choices"]![0]!["finish_reason"]!.GetValue<string>());
        using HttpResponseMessage beyond = await server.Post(path, body + $", \"{name}\": 64 }}");
        JsonNode error = JsonNode.Parse(await beyond.Content.ReadAsStringAsync(TestContext.Current.CancellationToken))!["error"]!;
        Assert.Equal((HttpStatusCode.BadRequest, name, "context_length_exceeded"),
            (beyond.StatusCode, (string?)error["param"], (string?)error["code"]));
    }

    [Theory]
    [InlineData(Completions, "prompt", 3000)]
    [InlineData(Completions, "prompt", 1_500_000)]
    [InlineData(Chat, "messages", 1_500_000)]
    public async Task Prompt_LongerThanTheServerTakes_IsRefusedByItsField(string path, string field, int length)
    {
        using TemporaryFolder folder = new();
        using RunningServer server = await RunningServer.StartOn(ChatModel.In(folder), "--max-prompt", "30");
        string text = string.Concat(Enumerable.Repeat("the fox ", length / 8));
        using HttpResponseMessage response = await server.Post(
            path, path == Chat ? $$"""{ "messages": [ { "role": "user", "content": "{{text}}" } ] }""" : $$"""{ "prompt": "{{text}}" }""");
        JsonNode error = JsonNode.Parse(await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken))!["error"]!;
        Assert.Equal((HttpStatusCode.BadRequest, field, "context_length_exceeded"),
            (response.StatusCode, (string?)error["param"], (string?)error["code"]));
        Assert.Equal("the prompt has more than 30 tokens, which are all that the server takes; shorten it.", (string?)error["message"]);
    }

    [Fact]
    public async Task Prompt_ThatTheTokenizerMakesTooLong_IsA400WithTheSentence()
    {
        using TemporaryFolder folder = new();
        string model = TinyModel.CopyTo(folder.File("model")), file = Path.Combine(model, "tokenizer.json");
        JsonNode json = JsonNode.Parse(File.ReadAllText(file))!;
        JsonArray doublings = [.. Enumerable.Range(0, 12).Select(_ => JsonNode.Parse("""{ "type": "Replace", "pattern": { "String": "q" }, "content": "qq" }"""))];
        json["normalizer"] = new JsonObject { ["type"] = "Sequence", ["normalizers"] = doublings };
        File.WriteAllText(file, json.ToJsonString());
        using RunningServer server = await RunningServer.StartOn(model);
        using HttpResponseMessage response = await server.Post(Completions, $$"""{ "prompt": "{{new string('q', 100)}}" }""");
        JsonNode error = JsonNode.Parse(await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken))!["error"]!;
        Assert.Equal((HttpStatusCode.BadRequest, "prompt"), (response.StatusCode, (string?)error["param"]));
        Assert.Contains("the steps of the tokenizer make at least", (string?)error["message"], StringComparison.Ordinal);
        Assert.DoesNotContain("Exception", server.Errors, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "a model with an empty name is not served; tiny is.")]
    [InlineData("gpt", "the model gpt is not served; tiny is.")]
    [InlineData("100", "the model NAME is not served; tiny is.")]
    [InlineData("101", "the model NAME... is not served; tiny is.")]
    public async Task Model_OfAnotherName_IsNamed(string name, string sentence)
    {
        // A long name is shown up to its hundredth letter.
        if (int.TryParse(name, out int length))
            (name, sentence) = (new('m', length), sentence.Replace("NAME", new string('m', 100), StringComparison.Ordinal));
        using RunningServer server = await RunningServer.Start();
        using HttpResponseMessage post = await server.Post(Completions, $$"""{ "prompt": "a", "model": "{{name}}" }""");
        using HttpResponseMessage get = await server.Client.GetAsync($"/v1/models/{name}", TestContext.Current.CancellationToken);
        foreach (HttpResponseMessage response in new[] { post, get })
        {
            Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
            Assert.Empty(response.Headers.Server);
            JsonNode error = JsonNode.Parse(await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken))!["error"]!;
            Assert.Equal(sentence, (string?)error["message"]);
        }
    }

    [Fact]
    public async Task StopTokenIds_EndTheTextBeforeTheToken()
    {
        using RunningServer server = await RunningServer.Start();
        MaskLlm.Tokens.Tokenizer tokenizer = MaskLlm.Tokens.Tokenizer.Load(TinyModel.Folder);
        (int[] ids, int at) = Generated();
        JsonNode cut = await server.PostJson(Completions, $$"""{ "prompt": "the fox", "max_tokens": 20, "temperature": 1, "seed": 5, "stop_token_ids": [299, {{ids[at]}}] }""");
        Assert.Equal("stop", cut["choices"]![0]!["finish_reason"]!.GetValue<string>());
        Assert.Equal(tokenizer.Decode(ids.AsSpan(0, at)), cut["choices"]![0]!["text"]!.GetValue<string>());
        Assert.Equal(at + 1, cut["usage"]!["completion_tokens"]!.GetValue<int>());
    }

    [Fact]
    public async Task Stop_NamingASpecialToken_EndsTheTextBeforeIt()
    {
        using TemporaryFolder folder = new();
        MaskLlm.Tokens.Tokenizer tokenizer = MaskLlm.Tokens.Tokenizer.Load(TinyModel.Folder);
        (int[] ids, int at) = Generated();
        string prompt = $"[{string.Join(',', tokenizer.Encode("the fox", addSpecialTokens: true))}]";
        string fields = $$""" "prompt": {{prompt}}, "max_tokens": 20, "temperature": 1, "seed": 5 """;
        string model = TinyModel.CopyTo(folder.File("model")), file = Path.Combine(model, "tokenizer.json");
        JsonNode json = JsonNode.Parse(File.ReadAllText(file))!;
        string token = json["model"]!["vocab"]!.AsObject().Single(entry => entry.Value!.GetValue<int>() == ids[at]).Key;
        json["added_tokens"]!.AsArray().Add(JsonNode.Parse($$"""
            { "id": {{ids[at]}}, "content": {{JsonValue.Create(token).ToJsonString()}}, "special": true, "single_word": false, "lstrip": false, "rstrip": false, "normalized": false }
            """));
        File.WriteAllText(file, json.ToJsonString());
        using RunningServer server = await RunningServer.StartOn(model);
        // It leaves no text, and is found all the same.
        Assert.Equal(tokenizer.Decode([.. ids.Where(id => id != ids[at])]), Text(await server.PostJson(Completions, $"{{{fields}}}")));
        string stop = $$"""{ {{fields}}, "stop": ["never", {{JsonValue.Create(token).ToJsonString()}}] """;
        JsonNode cut = await server.PostJson(Completions, stop + "}");
        Assert.Equal((tokenizer.Decode(ids.AsSpan(0, at)), "stop"), (Text(cut), cut["choices"]![0]!["finish_reason"]!.GetValue<string>()));
        JsonNode[] pieces = await server.PostStream(Completions, stop + """, "stream": true }""");
        Assert.Equal(tokenizer.Decode(ids.AsSpan(0, at)), string.Concat(pieces.Select(Text)));
    }

    // What the model says after "the fox", and the place of the first token from the third on that is new there.
    private static (int[] Ids, int At) Generated()
    {
        CommandRun run = CommandRun.Of("generate", TinyModel.Folder, "--prompt", "the fox", "--temperature", "1", "--seed", "5",
            "--max-tokens", "20", "--json");
        int[] ids = [.. JsonNode.Parse(run.Output)!["ids"]!.AsArray().Select(id => id!.GetValue<int>())];
        return (ids, Enumerable.Range(2, ids.Length - 2).First(at => Array.IndexOf(ids, ids[at]) == at));
    }

    private static string Body(string path, string? name, string? value)
    {
        JsonObject body = JsonNode.Parse(path == Chat
            ? """{ "messages": [ { "role": "user", "content": "the fox" } ], "max_tokens": 4, "temperature": 0 }"""
            : """{ "prompt": "the fox", "max_tokens": 4, "temperature": 0 }""")!.AsObject();
        if (name is null) return body.ToJsonString();
        body.Remove(name);
        // By hand: numbers such as 1e400 are none of .NET's.
        return body.ToJsonString()[..^1] + $", \"{name}\": {value} }}";
    }

    private static string Text(JsonNode reply) =>
        (reply["choices"]![0]!["text"] ?? reply["choices"]![0]!["message"]!["content"])!.GetValue<string>();

    private static async Task<string> AssertRefused(RunningServer server, string path, string name, string value)
    {
        using HttpResponseMessage response = await server.Post(path,
            Body(path, name == "max_completion_tokens" ? "max_tokens" : name, "null") is var body && name == "max_completion_tokens"
            ? body[..^1] + $", \"{name}\": {value} }}"
            : Body(path, name, value));
        string text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.True(response.StatusCode == HttpStatusCode.BadRequest, $"{path} {name}: {value} gave {response.StatusCode} {text}");
        JsonNode error = JsonNode.Parse(text)!["error"]!;
        Assert.True(error["param"]?.GetValue<string>().Split('[', '.')[0] == name, $"{path} {name}: {value} gave {text}");
        return error["message"]!.GetValue<string>();
    }

    private static string Markdown(FieldTable table)
    {
        string rows = string.Concat(table.Rows.Select(row => $"| `{row.Name}` | {row.Use switch
        {
            FieldUse.Served => "served",
            FieldUse.Ignored => "no effect",
            _ => row.Neutral.Count == 0 ? "refused"
                : $"refused unless {string.Join(" or ", row.Neutral.Select(neutral => $"`{neutral}`"))}",
        }} | {row.Note} |\n"));
        return $"| field of {table.Title} | | |\n|---|---|---|\n{rows}\n";
    }
}
