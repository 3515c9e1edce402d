using System.Net;
using System.Net.Http.Headers;
using System.Text.Json.Nodes;

namespace MaskLlm.Cli.Tests;

/// <summary>The server as its clients see it.</summary>
public class ServeCommandTests
{
    private const string Completions = "/v1/completions", Chat = "/v1/chat/completions";

    [Fact]
    public async Task Completions_WholeAndStream_GiveTheSameText()
    {
        using RunningServer server = await RunningServer.Start();
        const string Fields = """ "model": "tiny", "prompt": "the miller sees", "max_tokens": 12, "temperature": 1, "seed": 5, "user": "somebody" """;
        JsonNode whole = await server.PostJson(Completions, $"{{{Fields}}}");
        JsonNode[] pieces = await server.PostStream(Completions, $$"""{ {{Fields}}, "stream": true, "stream_options": { "include_usage": true } }""");

        string text = whole["choices"]![0]!["text"]!.GetValue<string>();
        Assert.NotEmpty(text);
        Assert.Equal("text_completion", whole["object"]!.GetValue<string>());
        Assert.Contains(whole["choices"]![0]!["finish_reason"]!.GetValue<string>(), new[] { "length", "stop" });
        Assert.Equal(text, string.Concat(pieces.SkipLast(1).Select(piece => piece["choices"]![0]!["text"]!.GetValue<string>())));
        Assert.Empty(pieces[^1]["choices"]!.AsArray());
        Assert.Equal(whole["usage"]!.ToJsonString(), pieces[^1]["usage"]!.ToJsonString());
        Assert.Equal(whole["usage"]!["total_tokens"]!.GetValue<int>(), whole["usage"]!["prompt_tokens"]!.GetValue<int>()
            + whole["usage"]!["completion_tokens"]!.GetValue<int>());
    }

    [Fact]
    public async Task Completions_GreedyIdsAndListOfOne_AreTheSamePrompt()
    {
        using RunningServer server = await RunningServer.Start();
        string Text(JsonNode reply) => reply["choices"]![0]!["text"]!.GetValue<string>();
        CommandRun generated = CommandRun.Of("generate", TinyModel.Folder, "--prompt", "the fox", "--max-tokens", "9", "--json");
        int[] ids = MaskLlm.Tokens.Tokenizer.Load(TinyModel.Folder).Encode("the fox", addSpecialTokens: true);
        string[] prompts = ["\"the fox\"", "[\"the fox\"]", $"[{string.Join(',', ids)}]", $"[[{string.Join(',', ids)}]]"];
        foreach (string prompt in prompts)
            Assert.Equal(JsonNode.Parse(generated.Output)!["text"]!.GetValue<string>(), Text(await server.PostJson(Completions, $$"""{ "prompt": {{prompt}}, "max_tokens": 9, "temperature": 0 }""")));
    }

    [Fact]
    public async Task Completions_BadRequest_IsRefusedInOpenAIsShape()
    {
        using RunningServer server = await RunningServer.Start();
        foreach ((string body, int status, string? field) in BadRequests)
        {
            using HttpResponseMessage response = await server.Post(Completions, body);
            JsonNode error = JsonNode.Parse(await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken))!["error"]!;
            Assert.True(status == (int)response.StatusCode, $"{body}: {response.StatusCode} {error}");
            Assert.NotEmpty(error["message"]!.GetValue<string>());
            Assert.Equal("invalid_request_error", error["type"]!.GetValue<string>());
            Assert.True(field == error["param"]?.GetValue<string>(), $"{body}: {error}");
        }
        Assert.Contains($"maskllm_requests_total{{outcome=\"invalid\"}} {BadRequests.Length}\n", await server.Get("/metrics"),
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task Chat_ModelWithoutTemplate_PointsToCompletions()
    {
        using RunningServer server = await RunningServer.Start();
        using HttpResponseMessage response = await server.Post(Chat, """{ "messages": [ { "role": "user", "content": "hello" } ] }""");
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Contains("/v1/completions", await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken),
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task Stop_AcrossTokens_IsCutInBothForms()
    {
        using RunningServer server = await RunningServer.Start();
        const string Fields = """ "prompt": "the heron", "max_tokens": 30, "temperature": 1, "seed": 9 """;
        string text = (await server.PostJson(Completions, $"{{{Fields}}}"))["choices"]![0]!["text"]!.GetValue<string>();
        string stop = text.Substring(text.Length / 2, 4);
        string body = $$"""{ {{Fields}}, "stop": ["nowhere", {{JsonValue.Create(stop).ToJsonString()}}] """;
        JsonNode whole = await server.PostJson(Completions, body + "}");
        JsonNode[] pieces = await server.PostStream(Completions, body + """, "stream": true }""");
        string expected = text[..text.IndexOf(stop, StringComparison.Ordinal)];
        Assert.Equal(expected, whole["choices"]![0]!["text"]!.GetValue<string>());
        Assert.Equal(expected, string.Concat(pieces.Select(piece => piece["choices"]![0]!["text"]!.GetValue<string>())));
        Assert.Equal("stop", pieces[^1]["choices"]![0]!["finish_reason"]!.GetValue<string>());
    }

    [Fact]
    public async Task ApiKey_MissingOrWrong_IsUnauthorized()
    {
        using RunningServer server = await RunningServer.Start("--api-key", "a secret");
        foreach (string? key in new[] { null, "another", "a secret " + "x" })
        {
            server.Client.DefaultRequestHeaders.Authorization = key is null ? null : new AuthenticationHeaderValue("Bearer", key);
            foreach (string path in new[] { "/v1/models", "/metrics", "/nowhere" })
                Assert.Equal(HttpStatusCode.Unauthorized,
                    (await server.Client.GetAsync(path, TestContext.Current.CancellationToken)).StatusCode);
            Assert.Equal(HttpStatusCode.OK, (await server.Client.GetAsync("/health", TestContext.Current.CancellationToken)).StatusCode);
        }
        server.Client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", "a secret");
        Assert.Equal("tiny", JsonNode.Parse(await server.Get("/v1/models"))!["data"]![0]!["id"]!.GetValue<string>());
        Assert.Equal(HttpStatusCode.NotFound, (await server.Client.GetAsync("/nowhere", TestContext.Current.CancellationToken)).StatusCode);
    }

    [Fact]
    public async Task Body_TooLong_Is413()
    {
        using RunningServer server = await RunningServer.Start("--max-body", "1000");
        using HttpResponseMessage response = await server.Post(Completions, $$"""{ "prompt": "{{new string('a', 2000)}}" }""");
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, response.StatusCode);
        Assert.Contains("\"error\"", await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken),
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task Queue_Full_Gives429BesideCompleteAnswers()
    {
        using RunningServer server = await RunningServer.Start("--parallel", "1", "--queue", "1");
        HttpResponseMessage[] answers = await Task.WhenAll(Enumerable.Range(0, 40).Select(i => server.Post(Completions, $$"""{ "prompt": "the fox", "max_tokens": 50, "seed": {{i}} }""")));
        Assert.All(answers, answer => Assert.Contains(answer.StatusCode, new[] { HttpStatusCode.OK, HttpStatusCode.TooManyRequests }));
        Assert.Contains(answers, answer => answer.StatusCode == HttpStatusCode.OK);
        HttpResponseMessage[] busy = [.. answers.Where(answer => answer.StatusCode == HttpStatusCode.TooManyRequests)];
        Assert.NotEmpty(busy);
        Assert.All(busy, answer => Assert.NotNull(answer.Headers.RetryAfter));
        Assert.Contains($"maskllm_requests_total{{outcome=\"busy\"}} {busy.Length}\n", await server.Get("/metrics"),
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task Client_GoesAway_ItsRequestEndsAndTheCacheIsFree()
    {
        using RunningServer server = await RunningServer.Start("--parallel", "1");
        string free = Metric(await server.Get("/metrics"), "cache_positions_free");
        for (int i = 0; i < 5; i++)
        {
            using HttpRequestMessage request = new(HttpMethod.Post, Completions) { Content = JsonBody("""{ "prompt": "the fox", "max_tokens": 60, "stream": true }""") };
            using HttpResponseMessage response = await server.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead,
                TestContext.Current.CancellationToken);
        }
        JsonNode whole = await server.PostJson(Completions, """{ "prompt": "the fox", "max_tokens": 3 }""");
        Assert.NotNull(whole["choices"]);
        string metrics = await server.Get("/metrics");
        Assert.Equal(free, Metric(metrics, "cache_positions_free"));
        Assert.Equal("0", Metric(metrics, "requests_running"));
        Assert.Equal("0", Metric(metrics, "requests_queued"));
    }

    [Fact]
    public async Task Stop_WhileServing_FinishesWhatRuns()
    {
        using RunningServer server = await RunningServer.Start();
        Assert.Contains("serves tiny (", server.FirstLine, StringComparison.Ordinal);
        Task<JsonNode[]> running = server.PostStream(Completions, """{ "prompt": "the fox", "max_tokens": 55, "stream": true }""");
        while (!running.IsCompleted && Metric(await server.Get("/metrics"), "new_tokens_total") == "0") { }
        Assert.Equal(0, await server.Stop());
        Assert.NotNull((await running)[^1]["choices"]![0]!["finish_reason"]);
        await Assert.ThrowsAsync<HttpRequestException>(() => server.Get("/health"));
    }

    [Fact]
    public void Options_OutOfRange_AreRefusedBeforeTheModelIsRead()
    {
        foreach (string[] option in new[] { new[] { "--parallel", "0" }, ["--queue", "-1"], ["--port", "70000"], ["--max-output", "0"],
            ["--max-body", "0"], ["--cache-mb", "0"], ["--host", "no.such.host.invalid"] })
        {
            CommandRun run = CommandRun.Of(["serve", "/nowhere/at/all", .. option]);
            Assert.Equal(2, run.ExitCode);
            Assert.Contains(option[0], run.LastLine, StringComparison.Ordinal);
        }
    }

    private static StringContent JsonBody(string text) => new(text, System.Text.Encoding.UTF8, "application/json");

    private static string Metric(string metrics, string name) => metrics.Split('\n')
        .Single(line => line.StartsWith($"maskllm_{name} ", StringComparison.Ordinal)).Split(' ')[1];

    private static readonly (string Body, int Status, string? Field)[] BadRequests =
    [
        ("""{ "prompt": ["a", "b"] }""", 400, "prompt"),
        ("""{ "max_tokens": 3 }""", 400, "prompt"),
        ("""{ "prompt": "" }""", 400, "prompt"),
        ("""{ "prompt": [1, "a"] }""", 400, "prompt"),
        ("""{ "prompt": [4000] }""", 400, "prompt"),
        ("""{ "prompt": "\ud800" }""", 400, "prompt"),
        ("""{ "prompt": "a", "max_tokens": 64 }""", 400, "max_tokens"),
        ("""{ "prompt": "a", "max_tokens": 0 }""", 400, "max_tokens"),
        ("""{ "prompt": "a", "max_tokens": "3" }""", 400, "max_tokens"),
        ("""{ "prompt": "a", "temperature": -1 }""", 400, "temperature"),
        ("""{ "prompt": "a", "temperature": 1e999 }""", 400, "temperature"),
        ("""{ "prompt": "a", "n": 2 }""", 400, "n"),
        ("""{ "prompt": "a", "presence_penalty": 0.5 }""", 400, "presence_penalty"),
        ("""{ "prompt": "a", "frequency_penalty": -1 }""", 400, "frequency_penalty"),
        ("""{ "prompt": "a", "logprobs": 0 }""", 400, "logprobs"),
        ("""{ "prompt": "a", "echo": true }""", 400, "echo"),
        ("""{ "prompt": "a", "stop": ["1", "2", "3", "4", "5"] }""", 400, "stop"),
        ("""{ "prompt": "a", "stop": "" }""", 400, "stop"),
        ("""{ "prompt": "a", "stream": 1 }""", 400, "stream"),
        ("""{ "prompt": "a", "model": "gpt-4" }""", 404, "model"),
        ("""[1]""", 400, null),
        ("""{ "prompt": """, 400, null),
    ];
}
