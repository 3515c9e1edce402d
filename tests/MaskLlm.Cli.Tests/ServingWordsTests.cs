using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using MaskLlm.Decoding;
using MaskLlm.Serving;
using MaskLlm.Serving.Http;
using MaskLlm.Tests;
using Microsoft.AspNetCore.Http;

namespace MaskLlm.Cli.Tests;

/// <summary>What the server says, word by word: errors, answers, pieces, metrics, headers.</summary>
public sealed partial class ServingWordsTests(ServingWordsTests.Idle idle) : IClassFixture<ServingWordsTests.Idle>
{
    private const string Completions = "/v1/completions", Chat = "/v1/chat/completions";

    [Fact]
    public async Task Error_OfAnyKind_HasItsStatusTypeCodeAndHeaders()
    {
        foreach ((Exception e, int status, string type, string? field, string? code, string message, RequestOutcome? outcome,
            (string, string)[] headers) in new (Exception, int, string, string?, string?, string, RequestOutcome?, (string, string)[])[]
        {
            (new ApiException(401, "a", "f", "c"), 401, "authentication_error", "f", "c", "a", RequestOutcome.Unauthorized,
                [("WWW-Authenticate", "Bearer")]),
            (new ApiException(403, "a"), 403, "permission_error", null, null, "a", RequestOutcome.Invalid, []),
            (new ApiException(408, "a"), 408, "invalid_request_error", null, null, "a", RequestOutcome.Invalid, [("Connection", "close")]),
            (ApiException.WrongMethod("PUT", "/x", "GET"), 405, "invalid_request_error", null, "method_not_allowed",
                "/x has no PUT; it has GET.", RequestOutcome.Invalid, [("Allow", "GET")]),
            (ApiException.Wrong("f", "it is."), 400, "invalid_request_error", "f", null, "f: it is.", RequestOutcome.Invalid, []),
            (new RefusedException(RefusalReason.QueueFull), 429, "rate_limit_error", null, "queue_full",
                "the server has as many requests as it takes; try again later.", RequestOutcome.Busy, [("Retry-After", "1")]),
            (new RefusedException(RefusalReason.BodiesFull), 429, "rate_limit_error", null, "bodies_full",
                "the server is reading as much as it takes at once; try again later.", RequestOutcome.Busy, [("Retry-After", "1")]),
            (new RefusedException(RefusalReason.Stopping), 503, "server_error", null, "stopping", "the server is stopping.",
                RequestOutcome.Stopping, []),
            (new OperationCanceledException(), 503, "server_error", null, "cancelled", "the request was cancelled.", null, []),
            (new BadHttpRequestException("x", 413), 413, "invalid_request_error", null, null,
                "the body is longer than the server takes; shorten it.", RequestOutcome.Invalid, [("Connection", "close")]),
            (new BadHttpRequestException("x", 408), 408, "invalid_request_error", null, null, "the body came too slowly.",
                RequestOutcome.Invalid, [("Connection", "close")]),
            (new BadHttpRequestException("x", 400), 400, "invalid_request_error", null, null, "x", RequestOutcome.Invalid, []),
            (new JsonException("x", null, 2, 4), 400, "invalid_request_error", null, null, "the body is not JSON, at line 3, byte 5.",
                RequestOutcome.Invalid, []),
            (new JsonException("x"), 400, "invalid_request_error", null, null, "the body is not JSON.", RequestOutcome.Invalid, []),
            (new RequestFieldException("prompt", "no."), 400, "invalid_request_error", "prompt", null, "no.", RequestOutcome.Invalid, []),
            (new ArgumentException("no.", "parameter"), 400, "invalid_request_error", null, null, "no.", RequestOutcome.Invalid, []),
            (new NotSupportedException("no."), 400, "invalid_request_error", null, null, "no.", RequestOutcome.Invalid, []),
            (new InvalidDataException("no."), 500, "server_error", null, null, "the server failed; its standard error says why.",
                RequestOutcome.Failed, []),
        })
        {
            ErrorReply reply = ErrorReply.Of(e);
            DefaultHttpContext http = new();
            using MemoryStream body = new();
            http.Response.Body = body;
            http.Response.Headers["X-Before"] = "1";
            await reply.Write(http.Response);
            JsonObject error = new() { ["message"] = message, ["type"] = type, ["param"] = field, ["code"] = code };
            string text = new JsonObject { ["error"] = error }.ToJsonString();
            Assert.Equal((status, outcome, text), (http.Response.StatusCode, reply.Outcome, Encoding.UTF8.GetString(body.ToArray())));
            Assert.Equal(
                [.. headers, ("Content-Length", body.Length.ToString(CultureInfo.InvariantCulture)), ("Content-Type", "application/json")],
                http.Response.Headers.Select(header => (header.Key, header.Value.ToString()))
                    .OrderBy(header => header.Key.StartsWith("Content-", StringComparison.Ordinal))
                    .ThenBy(header => header.Key, StringComparer.Ordinal));
        }
    }

    /// <summary>A whole answer of which a space is out already, and a stream, still tell of an error.</summary>
    [Fact]
    public async Task Probe_BeforeAWholeAnswer_IsASpaceOfIt()
    {
        DefaultHttpContext http = new();
        using MemoryStream body = new();
        http.Response.Body = body;
        await JsonReply.Probe(http.Response);
        Assert.Equal(("application/json", null, " "),
            (http.Response.ContentType, http.Response.ContentLength, Encoding.UTF8.GetString(body.ToArray())));
    }

    [Fact]
    public async Task Stream_Events_AreThoseOfTheFormat()
    {
        DefaultHttpContext http = new();
        using MemoryStream body = new();
        http.Response.Body = body;
        Assert.False(EventStream.IsOf(http.Response));
        EventStream.Begin(http.Response);
        Assert.True(EventStream.IsOf(http.Response));
        await EventStream.Send(http.Response, new JsonObject { ["a"] = "é<\n" }, TestContext.Current.CancellationToken);
        await EventStream.End(http.Response, TestContext.Current.CancellationToken);
        Assert.Equal("data: {\"a\":\"é<\\n\"}\n\ndata: [DONE]\n\n", Encoding.UTF8.GetString(body.ToArray()));
        Assert.Equal(("text/event-stream", "no-cache"), (http.Response.ContentType, http.Response.Headers.CacheControl.ToString()));
    }

    [Fact]
    public void Frame_WholePieceAndUsage_AreOpenAIs()
    {
        ReplyFrame chat = new(new ChatShape(), "m", 7), completion = new(new CompletionShape(), "m", 7);
        const string Usage = """{"prompt_tokens":7,"completion_tokens":3,"total_tokens":10}}""";
        string Whole(string kind, string content, string finish) =>
            $"{{\"object\":\"{kind}\",\"model\":\"m\",\"choices\":[{{\"index\":0,{content},"
            + $"\"logprobs\":null,\"finish_reason\":\"{finish}\"}}],\"usage\":{Usage}";
        Assert.Equal(
            Whole("chat.completion", """ "message":{"role":"assistant","content":"x","refusal":null} """.Trim(), "stop"),
            Plain(chat.Whole("x", 3, FinishReason.Stop), "chatcmpl-"));
        Assert.Equal(
            Whole("text_completion", """ "text":"x" """.Trim(), "length"), Plain(completion.Whole("x", 3, FinishReason.Length), "cmpl-"));
        string Chunk(string delta, string finish) =>
            """{"object":"chat.completion.chunk","model":"m","choices":[{"index":0,"delta":"""
            + $$"""{{delta}},"logprobs":null,"finish_reason":{{finish}}}]}""";
        Assert.Equal(Chunk("""{"role":"assistant","content":""}""", "null"), Plain(chat.Piece("", true, null), "chatcmpl-"));
        Assert.Equal(Chunk("""{"content":"x"}""", "null"), Plain(chat.Piece("x", false, null), "chatcmpl-"));
        Assert.Equal(Chunk("{}", "\"stop\""), Plain(chat.Piece("", false, FinishReason.Stop), "chatcmpl-"));
        Assert.Equal(
            """{"object":"text_completion","model":"m","choices":[{"index":0,"text":"","logprobs":null,"finish_reason":null}]}""",
            Plain(completion.Piece("", false, null), "cmpl-"));
        Assert.Equal(
            """{"object":"chat.completion.chunk","model":"m","choices":[],"""
            + """ "usage":{"prompt_tokens":7,"completion_tokens":9,"total_tokens":16}}""".Trim(),
            Plain(chat.UsagePiece(9), "chatcmpl-"));
    }

    [Fact]
    public async Task Metrics_AfterOneText_AreItsNumbers()
    {
        using HandServer server = new();
        JsonNode reply = (await server.Ask("POST", Completions, """{ "prompt": [5, 6, 7], "max_tokens": 2, "temperature": 0 }""")).Json;
        bool stopped = (string)reply["choices"]![0]!["finish_reason"]! == "stop";
        await server.Ask("POST", Completions, """{ "prompt": 1 }""");
        HandServer.Answer answer = await server.Ask("GET", "/metrics");
        Assert.Equal("text/plain; version=0.0.4; charset=utf-8", answer.Headers["Content-Type"]);
        Assert.Equal(
            $$"""
            # HELP maskllm_requests_total Requests by what became of them.
            # TYPE maskllm_requests_total counter
            maskllm_requests_total{outcome="stop"} {{(stopped ? 1 : 0)}}
            maskllm_requests_total{outcome="length"} {{(stopped ? 0 : 1)}}
            maskllm_requests_total{outcome="cancelled"} 0
            maskllm_requests_total{outcome="invalid"} 1
            maskllm_requests_total{outcome="unauthorized"} 0
            maskllm_requests_total{outcome="busy"} 0
            maskllm_requests_total{outcome="stopping"} 0
            maskllm_requests_total{outcome="failed"} 0
            # HELP maskllm_requests_queued Requests that wait.
            # TYPE maskllm_requests_queued gauge
            maskllm_requests_queued 0
            # HELP maskllm_requests_running Requests that run.
            # TYPE maskllm_requests_running gauge
            maskllm_requests_running 0
            # HELP maskllm_prompt_tokens_total Prompt tokens that went through the model.
            # TYPE maskllm_prompt_tokens_total counter
            maskllm_prompt_tokens_total 3
            # HELP maskllm_new_tokens_total New tokens.
            # TYPE maskllm_new_tokens_total counter
            maskllm_new_tokens_total {{(int)reply["usage"]!["completion_tokens"]!}}
            # HELP maskllm_new_tokens_per_second New tokens a second, over the last ten seconds.
            # TYPE maskllm_new_tokens_per_second gauge
            maskllm_new_tokens_per_second RATE
            # HELP maskllm_cache_positions_free Positions of the cache that no text holds.
            # TYPE maskllm_cache_positions_free gauge
            maskllm_cache_positions_free {{server.Decoder.CachePositions}}
            # HELP maskllm_cache_positions_unpromised Positions of the cache that are promised to no text.
            # TYPE maskllm_cache_positions_unpromised gauge
            maskllm_cache_positions_unpromised {{server.Decoder.CachePositions}}
            # HELP maskllm_resident_bytes Memory of the process, the model included.
            # TYPE maskllm_resident_bytes gauge
            maskllm_resident_bytes BYTES

            """,
            Bytes().Replace(Rate().Replace(answer.Body, "per_second RATE"), "resident_bytes BYTES"), ignoreLineEndingDifferences: true);
    }

    [Fact]
    public async Task Paths_AnyMethod_AreAnsweredAsTheyAre()
    {
        using HandServer server = new(key: "k", http: new HttpServerOptions());
        (string, string) key = ("Authorization", "bearer  k ");
        string model = $$"""{"id":"tiny","object":"model","created":{{server.Served.Created}},"owned_by":"maskllm"}""";
        Assert.InRange(DateTimeOffset.UtcNow.ToUnixTimeSeconds() - server.Served.Created, 0, 600);
        Assert.Equal((200, """{"status":"ok"}"""), Text(await server.Ask("GET", "/health")));
        Assert.Equal((200, $$"""{"object":"list","data":[{{model}}]}"""), Text(await server.Ask("GET", "/v1/models", null, key)));
        Assert.Equal((200, model), Text(await server.Ask("HEAD", "/v1/models/tiny", null, key)));
        Assert.Equal((404, "a model with an empty name is not served; tiny is."),
            Message(await server.Ask("GET", "/v1/models/", null, key)));
        Assert.Equal((404, "there is no GET /v1/model."), Message(await server.Ask("GET", "/v1/model", null, key)));
        Assert.Equal((404, "there is no OPTIONS /v1."), Message(await server.Ask("OPTIONS", "/v1", null, key)));
        Assert.Equal((405, "/v1/completions has no GET; it has POST, OPTIONS."), Message(await server.Ask("GET", Completions, null, key)));
        Assert.Equal((405, "/health has no POST; it has GET, HEAD, OPTIONS."), Message(await server.Ask("POST", "/health")));
        Assert.Equal((401, "the API key is missing or wrong; send it as `Authorization: Bearer KEY`."),
            Message(await server.Ask("GET", "/v1")));
        Assert.Equal((404, "there is no OPTIONS /v1."), Message(await server.Ask("OPTIONS", "/v1")));
        foreach ((string path, string allow) in new[] { (Completions, "POST, OPTIONS"), (Chat, "POST, OPTIONS"),
            ("/health", "GET, HEAD, OPTIONS"), ("/metrics", "GET, HEAD, OPTIONS"), ("/v1/models/x", "GET, HEAD, OPTIONS"),
            ("*", "GET, HEAD, POST, OPTIONS") })
        {
            HandServer.Answer options = await server.Ask("OPTIONS", path);
            Assert.Equal((204, "", allow), (options.Status, options.Body, options.Headers["Allow"]));
        }
        foreach (string wrong in new[] { "k", "Basic k", "Bearer", "Bearer K", "Bearerk" })
            Assert.Equal(401, (await server.Ask("GET", "/v1/models", null, ("Authorization", wrong))).Status);
        server.Batch.Close();
        Assert.Equal((503, """{"status":"stopping"}"""), Text(await server.Ask("GET", "/health")));
        Assert.Equal((503, "the server is stopping."), Message(await server.Ask("POST", Completions, """{ "prompt": "a" }""", key)));
        Assert.Equal("", server.Errors.ToString());
    }

    [Fact]
    public async Task Failure_OfTheServer_IsToldToItsOwnerOnly()
    {
        using HandServer server = new() { Failure = new InvalidDataException("the secret.") };
        Assert.Equal((500, "the server failed; its standard error says why."), Message(await server.Ask("GET", "/metrics")));
        Assert.Contains("InvalidDataException: the secret.", server.Errors.ToString(), StringComparison.Ordinal);
        Assert.Equal(1, server.Batch.Counts.Of(RequestOutcome.Failed));
    }

    /// <summary>A stop text that waits holds pieces back: the first is sent empty, the others when they have text.</summary>
    [Fact]
    public async Task Stream_TextThatWaits_SendsTheFirstPieceAndThenOnlyText()
    {
        using HandServer server = new();
        const string Fields = "\"prompt\": [5, 6], \"max_tokens\": 12, \"temperature\": 1, \"seed\": 3";
        JsonNode whole = (await server.Ask("POST", Completions, $"{{ {Fields} }}")).Json;
        string text = (string)whole["choices"]![0]!["text"]!;
        Assert.True(text.Length > 8, text);
        string stop = JsonValue.Create(text[..^1] + "\u0001").ToJsonString();
        HandServer.Answer streamed = await server.Ask("POST", Completions,
            $$"""{ {{Fields}}, "stop": {{stop}}, "stream": true, "stream_options": { "include_usage": true } }""");
        string[] events = streamed.Body.Split("\n\n", StringSplitOptions.RemoveEmptyEntries);
        JsonNode[] pieces = [.. events.SkipLast(1).Select(line => JsonNode.Parse(line["data: ".Length..])!)];
        string[] texts = [.. pieces.SkipLast(1).Select(piece => (string)piece["choices"]![0]!["text"]!)];
        Assert.Equal("", texts[0]);
        Assert.All(texts.Skip(1), piece => Assert.NotEmpty(piece));
        Assert.Equal(text, string.Concat(texts));
        Assert.True(texts.Length < (int)whole["usage"]!["completion_tokens"]!);
        Assert.Equal(whole["usage"]!.ToJsonString(), pieces[^1]["usage"]!.ToJsonString());
        HandServer.Answer without = await server.Ask("POST", Completions, $$"""{ {{Fields}}, "stop": {{stop}}, "stream": true }""");
        Assert.Equal(events.Length - 1, without.Body.Split("\n\n", StringSplitOptions.RemoveEmptyEntries).Length);
    }

    [Fact]
    public void Call_FieldsLeftOut_AreTheDefaults()
    {
        using TemporaryFolder folder = new();
        using HandServer server = new(ChatModel.In(folder), runs: false);
        TextCall completion = server.Call(new CompletionShape(), """{ "prompt": [5, 6, 7] }""");
        Assert.Equal((false, false, false), (completion.IsStream, completion.WantsUsage, completion.Request.IsTurn));
        Assert.Equal((16, "prompt", "max_tokens"),
            (completion.Request.MaxTokens, completion.Request.PromptField, completion.Request.TokensField));
        Assert.Equal(new SamplingOptions { Temperature = 1, Seed = completion.Request.Sampling.Seed }, completion.Request.Sampling);
        Assert.Empty(completion.Request.StopTexts);
        Assert.Empty(completion.Request.StopIds);
        Assert.NotEqual(completion.Request.Sampling.Seed,
            server.Call(new CompletionShape(), """{ "prompt": [5] }""").Request.Sampling.Seed);
        // What the 64 positions leave.
        Assert.Equal(4, server.Call(new CompletionShape(), $$"""{ "prompt": [{{string.Join(',', Enumerable.Repeat(5, 60))}}] }""")
            .Request.MaxTokens);
        Assert.Equal(1, server.Call(new CompletionShape(), $$"""{ "prompt": [{{string.Join(',', Enumerable.Repeat(5, 64))}}] }""")
            .Request.MaxTokens);
        TextCall chat = server.Call(new ChatShape(), """{ "messages": [ { "role": "user", "content": "Hi" } ] }""");
        Assert.Equal((64 - chat.Request.Prompt.Count, "messages", true),
            (chat.Request.MaxTokens, chat.Request.PromptField, chat.Request.IsTurn));
        TextCall open = server.Call(new ChatShape(),
            """{ "messages": [ { "role": "assistant", "content": "Hi" } ], "continue_final_message": true, "max_completion_tokens": 3 }""");
        Assert.Equal((3, "max_completion_tokens", false), (open.Request.MaxTokens, open.Request.TokensField, open.Request.IsTurn));
    }

    [Fact]
    public void Call_FieldsThatAreGiven_AreTaken()
    {
        using HandServer server = new(runs: false);
        string long1000 = new('a', 1000);
        TextCall call = server.Call(new CompletionShape(), $$"""
            { "model": "tiny", "prompt": [[0, 299]], "max_tokens": 5, "max_completion_tokens": 5, "temperature": 0.5, "top_p": 0.25,
              "top_k": -1, "repetition_penalty": 2, "seed": -1,
              "stop": ["a", "b", "c", "{{long1000}}"], "stop_token_ids": [0, 299],
              "stream": true, "stream_options": { "include_usage": true } }
            """);
        Assert.Equal((true, true), (call.IsStream, call.WantsUsage));
        Assert.Equal([0, 299], call.Request.Prompt);
        Assert.Equal([0, 299], call.Request.StopIds);
        Assert.Equal(["a", "b", "c", long1000], call.Request.StopTexts);
        Assert.Equal((5, "max_completion_tokens"), (call.Request.MaxTokens, call.Request.TokensField));
        Assert.Equal(new SamplingOptions { Temperature = 0.5f, TopP = 0.25f, TopK = 0, RepetitionPenalty = 2, Seed = ulong.MaxValue },
            call.Request.Sampling);
        Assert.Equal(7, server.Call(new CompletionShape(), """{ "prompt": "a", "top_k": 7 }""").Request.Sampling.TopK);
        Assert.Equal(["x"], server.Call(new CompletionShape(), """{ "prompt": ["a"], "stop": "x" }""").Request.StopTexts);
    }

    [Theory]
    [InlineData("""{ "prompt": "a", "model": "other" }""", 404, "model", "the model other is not served; tiny is.")]
    [InlineData("""{ "prompt": "a", "max_tokens": 3, "max_completion_tokens": 4 }""", 400, "max_completion_tokens",
        "max_completion_tokens: it is 4 and max_tokens is 3; give one of them.")]
    [InlineData("""{ "prompt": "a", "stop": ["1", "2", "3", "4", "5"] }""", 400, "stop",
        "stop: there are 5 texts and at most 4 can be given.")]
    [InlineData("""{ "prompt": "a", "stop": ["a", ""] }""", 400, "stop", "stop: each text has from 1 to 1000 characters.")]
    [InlineData("""{ "prompt": "a", "stop": 5 }""", 400, "stop", "stop: a string is expected.")]
    [InlineData("""{ "prompt": "a", "stop_token_ids": [300] }""", 400, "stop_token_ids",
        "stop_token_ids: the token 300 is none of the model's, whose ids end at 299.")]
    [InlineData("""{ "prompt": "a", "stop_token_ids": 3 }""", 400, "stop_token_ids", "stop_token_ids: a list of token ids is expected.")]
    [InlineData("""{ "prompt": "a", "stop_token_ids": ["3"] }""", 400, "stop_token_ids", "stop_token_ids: a whole number is expected.")]
    [InlineData("""{ "prompt": "a", "max_tokens": 1.5 }""", 400, "max_tokens", "max_tokens: a whole number is expected.")]
    [InlineData("""{ "prompt": "a", "seed": "1" }""", 400, "seed", "seed: a whole number is expected.")]
    [InlineData("""{ "prompt": "a", "top_p": "1" }""", 400, "top_p", "top_p: a number is expected.")]
    [InlineData("""{ "prompt": "a", "stream": 1 }""", 400, "stream", "stream: true or false is expected.")]
    [InlineData("""{ "prompt": "a", "stream_options": true }""", 400, "stream_options", "stream_options: an object is expected.")]
    [InlineData("""{ "prompt": "a", "stream_options": { "include_usage": 1 } }""", 400, "stream_options.include_usage",
        "stream_options.include_usage: true or false is expected.")]
    [InlineData("""{ "prompt": "a", "n": 2 }""", 400, "n", "n: a request gives one answer; leave it out, or give 1.")]
    [InlineData("""{ "prompt": "a", "top_p": 0 }""", 400, "top_p", "top_p: it is 0; above 0 and at most 1 is needed.")]
    [InlineData("""{ "prompt": "a", "top_k": -2 }""", 400, "top_k", "top_k: it is -2; at least 0 is needed.")]
    [InlineData("""{ "prompt": "a", "temperature": 101 }""", 400, "temperature", "temperature: it is 101; 0 to 100 is needed.")]
    [InlineData("""{ "prompt": "a", "repetition_penalty": 0 }""", 400, "repetition_penalty",
        "repetition_penalty: it is 0; 0.01 to 100 is needed.")]
    [InlineData("""{ "prompt": "a", "temprature": 2 }""", 400, "temprature",
        "temprature: there is no such field (did you mean temperature?); leave it out.")]
    [InlineData("""{ "prompt": "a", "what": 2 }""", 400, "what", "what: there is no such field; leave it out.")]
    [InlineData("""{ }""", 400, "prompt", "prompt: it is missing; give a string or a list of token ids.")]
    [InlineData("""{ "prompt": [] }""", 400, "prompt", "prompt: a string or a list of token ids is expected.")]
    [InlineData("""{ "prompt": true }""", 400, "prompt", "prompt: a string or a list of token ids is expected.")]
    [InlineData("""{ "prompt": ["a", "b"] }""", 400, "prompt",
        "prompt: there are 2 prompts and a request can have one; send a request for each.")]
    [InlineData("""{ "prompt": [true] }""", 400, "prompt", "prompt: a string is expected.")]
    [InlineData("""{ "prompt": [-1] }""", 400, "prompt", "prompt: the token -1 is none of the model's, whose ids end at 299.")]
    [InlineData("""[]""", 400, null, "the body is no JSON object.")]
    public async Task Completion_ThatIsWrong_IsRefusedInThisSentence(string body, int status, string? field, string message)
    {
        Assert.Equal((status, field, message), await idle.Server.Refusal(Completions, body));
    }

    [Theory]
    [InlineData("[]", "messages", "messages: a list of at least one message is expected.")]
    [InlineData("[1]", "messages[0]", "messages[0]: an object is expected.")]
    [InlineData("""[{ "content": "a" }]""", "messages[0].role", "messages[0].role: it is missing.")]
    [InlineData("""[{ "role": "user" }]""", "messages[0].content", "messages[0].content: it is missing.")]
    [InlineData("""[{ "role": "user", "content": "a" }, { "role": "user", "content": 1 }]""", "messages[1].content",
        "messages[1].content: a string is expected.")]
    [InlineData("""[{ "role": "user", "content": [{ "type": "text" }] }]""", "messages[0].content[0].text",
        "messages[0].content[0].text: it is missing.")]
    [InlineData("""[{ "role": "user", "content": [{ "text": "a" }] }]""", "messages[0].content[0].type",
        "messages[0].content[0].type: it is missing.")]
    [InlineData("""[{ "role": "user", "content": [{ "type": "text", "text": "a" }, { "type": 1 }] }]""", "messages[0].content[1].type",
        "messages[0].content[1].type: only text is served.")]
    [InlineData("""[{ "role": "user", "content": "a", "function_call": { "name": "f" } }]""", "messages[0].function_call",
        "messages[0].function_call: only an assistant calls tools.")]
    [InlineData("""[{ "role": "assistant", "function_call": 1 }]""", "messages[0].function_call",
        "messages[0].function_call: an object with a name is expected.")]
    [InlineData("""[{ "role": "assistant", "function_call": { "name": 1 } }]""", "messages[0].function_call",
        "messages[0].function_call: an object with a name is expected.")]
    [InlineData("""[{ "role": "assistant", "tool_calls": 1 }]""", "messages[0].tool_calls", "messages[0].tool_calls: a list is expected.")]
    [InlineData("""[{ "role": "assistant", "tool_calls": [{ "function": { "name": "f" } }, { "function": 1 }] }]""",
        "messages[0].tool_calls[1]", "messages[0].tool_calls[1]: an object with a function is expected.")]
    [InlineData("""[{ "role": "assistant", "tool_calls": [{ "function": { } }] }]""", "messages[0].tool_calls[0].function.name",
        "messages[0].tool_calls[0].function.name: a string is expected.")]
    [InlineData("""[{ "role": "assistant", "tool_calls": [{ "function": { "name": "f", "arguments": [] } }] }]""",
        "messages[0].tool_calls[0].function.arguments", "messages[0].tool_calls[0].function.arguments: JSON in a string is expected.")]
    [InlineData("""[{ "role": "assistant", "content": "a", "audio": 1 }]""", "messages[0].audio",
        "messages[0].audio: only text is served; leave it out.")]
    [InlineData("""[{ "role": "assistant", "content": "a", "refusal": "no" }]""", "messages[0].refusal",
        "messages[0].refusal: refusals are not part of the conversation; give the text as `content`; leave it out, or give \"\".")]
    public async Task Chat_ThatIsWrong_IsRefusedInThisSentence(string messages, string field, string message)
    {
        Assert.Equal((400, field, message), await idle.Server.Refusal(Chat, $$"""{ "messages": {{messages}} }"""));
    }

    [Theory]
    [InlineData("\"tool_choice\": \"required\"", "tool_choice",
        "tool_choice: calls of tools are not served; leave it out, or give \"none\" or \"auto\".")]
    [InlineData("\"continue_final_message\": true, \"add_generation_prompt\": true", "continue_final_message",
        "continue_final_message: the final message cannot go on where add_generation_prompt begins another.")]
    [InlineData("\"n\": null", "messages", "the model has no chat template; use /v1/completions.")]
    public async Task Chat_ModelWithoutTemplate_SaysWhatIsWrongFirst(string more, string field, string message)
    {
        Assert.Equal((400, field, message),
            await idle.Server.Refusal(Chat, $$"""{ "messages": [{ "role": "user", "content": "a" }], {{more}} }"""));
    }

    private static (int, string) Text(HandServer.Answer answer) => (answer.Status, answer.Body);

    private static (int, string) Message(HandServer.Answer answer) => (answer.Status, (string)answer.Json["error"]!["message"]!);

    // Without what no test can know, which is looked at here.
    private static string Plain(JsonObject reply, string prefix)
    {
        Assert.Matches($"^{prefix}[0-9a-f]{{32}}$", (string)reply["id"]!);
        Assert.InRange(DateTimeOffset.UtcNow.ToUnixTimeSeconds() - (long)reply["created"]!, 0, 600);
        reply.Remove("id");
        reply.Remove("created");
        return reply.ToJsonString();
    }

    /// <summary>A server for requests that never run.</summary>
    public sealed class Idle : IDisposable
    {
        internal HandServer Server { get; } = new(runs: false);

        public void Dispose() => Server.Dispose();
    }

    [GeneratedRegex(@"per_second \d+(\.\d+)?")]
    private static partial Regex Rate();

    [GeneratedRegex(@"resident_bytes [1-9]\d{6,}")]
    private static partial Regex Bytes();
}
