using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;

namespace MaskLlm.Cli.Tests;

/// <summary>Paths, methods, other sites' pages, keys, and clients that say no more.</summary>
public class HttpTests
{
    private const string Completions = "/v1/completions", Site = "http://localhost:5173";
    private const string Fox = """{ "prompt": "the fox", "max_tokens": 50, "temperature": 0 }""";

    [Theory]
    [InlineData("org/model v1", "/v1/models/org/model%20v1")]
    [InlineData("org/model v1", "/v1/models/org%2Fmodel%20v1?x=1")]
    [InlineData("a%2Fb", "/v1/models/a%252Fb")]
    [InlineData("modèle", "/v1/models/mod%C3%A8le")]
    public async Task Models_OneByItsName_IsAsInTheList(string name, string path)
    {
        using RunningServer server = await RunningServer.StartAs(name);
        JsonNode list = JsonNode.Parse(await server.Get("/v1/models"))!, one = JsonNode.Parse(await server.Get(path))!;
        Assert.Equal(name, one["id"]!.GetValue<string>());
        Assert.Equal(list["data"]![0]!.ToJsonString(), one.ToJsonString());
        using HttpResponseMessage other = await server.Client.GetAsync("/v1/models/another", TestContext.Current.CancellationToken);
        JsonNode error = JsonNode.Parse(await other.Content.ReadAsStringAsync(TestContext.Current.CancellationToken))!["error"]!;
        Assert.Equal((HttpStatusCode.NotFound, "model_not_found"), (other.StatusCode, error["code"]!.GetValue<string>()));
    }

    [Theory]
    [InlineData("GET", Completions, "POST, OPTIONS")]
    [InlineData("DELETE", "/v1/models/tiny", "GET, HEAD, OPTIONS")]
    [InlineData("POST", "/v1/models", "GET, HEAD, OPTIONS")]
    [InlineData("PUT", "/health", "GET, HEAD, OPTIONS")]
    [InlineData("HEAD", "/v1/chat/completions", "POST, OPTIONS")]
    public async Task Method_ThatAPathDoesNotHave_Is405WithThoseItHas(string method, string path, string allow)
    {
        using RunningServer server = await RunningServer.Start();
        using HttpResponseMessage response = await Ask(server, method, path);
        Assert.Equal(HttpStatusCode.MethodNotAllowed, response.StatusCode);
        Assert.Equal(allow, string.Join(", ", response.Content.Headers.Allow));
    }

    [Fact]
    public async Task Head_IsGetWithoutABody()
    {
        using RunningServer server = await RunningServer.Start();
        foreach (string path in new[] { "/health", "/metrics", "/v1/models", "/v1/models/tiny" })
        {
            using HttpResponseMessage response = await Ask(server, "HEAD", path);
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            Assert.Empty(await response.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken));
        }
    }

    [Fact]
    public async Task Cors_ByDefault_TellsNoPageAnything()
    {
        using RunningServer server = await RunningServer.Start();
        using HttpResponseMessage preflight = await Preflight(server, Site);
        Assert.Equal(HttpStatusCode.NoContent, preflight.StatusCode);
        using HttpResponseMessage list = await Ask(server, "GET", "/v1/models", Site);
        foreach (HttpResponseMessage response in new[] { preflight, list })
            Assert.DoesNotContain(response.Headers, header => header.Key.StartsWith("Access-Control", StringComparison.OrdinalIgnoreCase));
    }

    [Fact]
    public async Task Cors_NamedSite_ReadsAnswersErrorsAndStreams_AndNoOtherDoes()
    {
        using RunningServer server = await RunningServer.Start("--cors", "https://a.example", "--cors", Site, "--api-key", "secret");
        using HttpResponseMessage preflight = await Preflight(server, Site);
        Assert.Equal(HttpStatusCode.NoContent, preflight.StatusCode);
        Assert.Equal(Site, Header(preflight, "Access-Control-Allow-Origin"));
        Assert.Contains("POST", Header(preflight, "Access-Control-Allow-Methods"), StringComparison.Ordinal);
        Assert.Equal("authorization,content-type,x-stainless-os", Header(preflight, "Access-Control-Allow-Headers"));
        using HttpResponseMessage unauthorized = await Ask(server, "GET", "/v1/models", Site);
        server.Client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", "secret");
        using HttpResponseMessage list = await Ask(server, "GET", "/v1/models", Site);
        using HttpResponseMessage wrong = await Ask(server, "POST", Completions, Site, """{ "n": 2 }""");
        using HttpResponseMessage missing = await Ask(server, "GET", "/nowhere", Site);
        using HttpResponseMessage stream = await Ask(server, "POST", Completions, Site, """{ "prompt": "the fox", "max_tokens": 3, "stream": true }""");
        Assert.Equal([401, 200, 400, 404, 200],
            new[] { unauthorized, list, wrong, missing, stream }.Select(response => (int)response.StatusCode));
        Assert.All([unauthorized, list, wrong, missing, stream], response =>
            Assert.Equal((Site, "Origin"), (Header(response, "Access-Control-Allow-Origin"), Header(response, "Vary"))));
        using HttpResponseMessage foreign = await Ask(server, "GET", "/v1/models", "https://b.example");
        Assert.False(foreign.Headers.Contains("Access-Control-Allow-Origin"));
        Assert.Equal("Origin", Header(foreign, "Vary"));
    }

    [Fact]
    public async Task Cors_Star_IsForAll()
    {
        using RunningServer server = await RunningServer.Start("--cors", "*");
        using HttpResponseMessage list = await Ask(server, "GET", "/v1/models", "https://anywhere.example");
        Assert.Equal("*", Header(list, "Access-Control-Allow-Origin"));
    }

    [Theory]
    [InlineData("localhost", 200)]
    [InlineData("LOCALHOST.:9", 200)]
    [InlineData("127.0.0.1:80", 200)]
    [InlineData("[::1]:8080", 200)]
    [InlineData("proxy.example", 200)]
    [InlineData("evil.example", 403)]
    [InlineData("localhost.evil.example", 403)]
    [InlineData("192.168.0.1", 403)]
    public async Task Host_OfAnotherName_IsForbidden(string host, int status)
    {
        using RunningServer server = await RunningServer.Start("--allowed-host", "proxy.example");
        using RawClient client = new(server);
        Assert.StartsWith($"HTTP/1.1 {status} ", await client.Ask($"GET /v1/models HTTP/1.1\nHost: {host}\nConnection: close\n\n"),
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("localhost", 200)]
    [InlineData("192.168.0.1:8080", 200)]
    [InlineData("[fe80::1]", 200)]
    [InlineData("evil.example", 403)]
    [InlineData("192.168.0.1.evil.example", 403)]
    public async Task Host_BeyondThisMachineWithoutAKey_IsAnAddressOrItsOwnName(string host, int status)
    {
        using RunningServer server = await RunningServer.Start("--host", "0.0.0.0", "--without-key");
        server.Client.BaseAddress = new Uri($"http://127.0.0.1:{server.Client.BaseAddress!.Port}");
        foreach ((string name, int expected) in new[] { (host, status), (Environment.MachineName, 200),
            ($"{Environment.MachineName}.local:1", 200) })
        {
            using RawClient client = new(server);
            Assert.StartsWith(
                $"HTTP/1.1 {expected} ", await client.Ask($"GET /v1/models HTTP/1.1\nHost: {name}\nConnection: close\n\n"),
                    StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Host_BeyondThisMachineWithAKey_IsAny()
    {
        using RunningServer server = await RunningServer.Start("--host", "0.0.0.0", "--api-key", "secret");
        server.Client.BaseAddress = new Uri($"http://127.0.0.1:{server.Client.BaseAddress!.Port}");
        using RawClient client = new(server);
        Assert.StartsWith(
            "HTTP/1.1 200 ",
            await client.Ask("GET /v1/models HTTP/1.1\nHost: any.example\nAuthorization: Bearer secret\nConnection: close\n\n"),
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task Options_OfAPathThatIsNotThere_NeedsNoKeyAndIs404()
    {
        using RunningServer server = await RunningServer.Start("--cors", Site, "--api-key", "secret");
        using HttpRequestMessage request = new(HttpMethod.Options, "/nowhere");
        request.Headers.Add("Origin", Site);
        request.Headers.Add("Access-Control-Request-Method", "POST");
        using HttpResponseMessage response = await server.Client.SendAsync(request, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
        Assert.False(response.Headers.Contains("Access-Control-Allow-Methods"));
        Assert.Equal(Site, Header(response, "Access-Control-Allow-Origin"));
        using HttpResponseMessage asked = await Ask(server, "GET", "/nowhere");
        Assert.Equal(HttpStatusCode.Unauthorized, asked.StatusCode);
    }

    [Theory]
    [InlineData(null, 415)]
    [InlineData("text/plain", 415)]
    [InlineData("text/plain; a=application/json", 415)]
    [InlineData("application/x-www-form-urlencoded", 415)]
    [InlineData("application/json; charset=utf-16", 415)]
    [InlineData("application/jsonp", 415)]
    [InlineData("text/plain, application/json", 415)]
    [InlineData("Application/JSON; charset=UTF-8", 200)]
    [InlineData("application/json; charset=utf8", 200)]
    [InlineData("application/json; charset=us-ascii", 200)]
    [InlineData("application/json;", 200)]
    public async Task Body_ThatIsNotSaidToBeJson_IsRefused(string? type, int status)
    {
        using RunningServer server = await RunningServer.Start();
        using ByteArrayContent content = new(Encoding.UTF8.GetBytes(Fox));
        if (type is not null) content.Headers.TryAddWithoutValidation("Content-Type", type);
        using HttpResponseMessage response = await server.Client.PostAsync(Completions, content, TestContext.Current.CancellationToken);
        Assert.Equal(status, (int)response.StatusCode);
    }

    [Fact]
    public async Task Body_AfterAByteOrderMark_IsRead()
    {
        using RunningServer server = await RunningServer.Start();
        using ByteArrayContent content = new([0xEF, 0xBB, 0xBF, .. Encoding.UTF8.GetBytes(Fox)]);
        content.Headers.TryAddWithoutValidation("Content-Type", "application/json");
        using HttpResponseMessage response = await server.Client.PostAsync(Completions, content, TestContext.Current.CancellationToken);
        Assert.Equal(200, (int)response.StatusCode);
    }

    [Theory]
    [InlineData("gzip", 415)]
    [InlineData("identity", 200)]
    public async Task Body_OfAnotherCoding_IsRefusedAsSuch(string coding, int status)
    {
        using RunningServer server = await RunningServer.Start();
        using ByteArrayContent content = new(Encoding.UTF8.GetBytes(Fox));
        content.Headers.TryAddWithoutValidation("Content-Type", "application/json");
        content.Headers.TryAddWithoutValidation("Content-Encoding", coding);
        using HttpResponseMessage response = await server.Client.PostAsync(Completions, content, TestContext.Current.CancellationToken);
        Assert.Equal(status, (int)response.StatusCode);
    }

    [Theory]
    [InlineData("""{ "prompt": "a", "user": "\ud800" }""", "user")]
    [InlineData("""{ "prompt": "a", "metadata": { "a": [ "\udc00x" ] } }""", "metadata")]
    [InlineData("""{ "prompt": "a", "metadata": { "\ud800": 1 } }""", "metadata")]
    [InlineData("""{ "prompt": "a", "\ud800": null }""", null)]
    [InlineData("""{ "prompt": "a", "stop": ["\ud83d"] }""", "stop")]
    public async Task Body_HalfASurrogateAnywhere_Is400(string body, string? field)
    {
        using RunningServer server = await RunningServer.Start();
        using HttpResponseMessage response = await server.Post(Completions, body);
        JsonNode error = JsonNode.Parse(await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken))!["error"]!;
        Assert.Equal((HttpStatusCode.BadRequest, field, "invalid_request_error"),
            (response.StatusCode, error["param"]?.GetValue<string>(), error["type"]!.GetValue<string>()));
    }

    [Fact]
    public async Task Body_OfBrokenBytesOrNamesThatComeTwice_Is400()
    {
        using RunningServer server = await RunningServer.Start();
        byte[][] bodies = [[.. Encoding.UTF8.GetBytes("{ \"prompt\": \"a"), 0xED, 0xA0, 0x80, .. Encoding.UTF8.GetBytes("\" }")], [0xFF], Encoding.UTF8.GetBytes("""{ "prompt": "a", "n": 2, "n": 1 }"""), []];
        foreach (byte[] body in bodies)
        {
            using ByteArrayContent content = new(body) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } };
            using HttpResponseMessage response = await server.Client.PostAsync(Completions, content, TestContext.Current.CancellationToken);
            Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
            Assert.Contains("\"error\"", await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken),
                StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData(", \"stream\": true")]
    public async Task Client_ThatShutsItsSendingSide_HasItsAnswer(string more)
    {
        using RunningServer server = await RunningServer.Start();
        using RawClient client = new(server);
        await client.SendJson(Completions, Fox.Replace(" }", more + " }", StringComparison.Ordinal));
        client.Socket.Shutdown(SocketShutdown.Send);
        string answer = await client.ReadAll();
        Assert.StartsWith("HTTP/1.1 200 ", answer, StringComparison.Ordinal);
        Assert.Contains("\"finish_reason\":\"length\"", answer, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Client_ThatClosesWhileItWaitsForAWholeAnswer_LeavesNothingRunning(bool resets)
    {
        using RunningServer server = await RunningServer.Start("--parallel", "1");
        for (int i = 0; i < 8; i++)
        {
            using RawClient client = new(server);
            await client.SendJson(Completions, """{ "prompt": "the fox", "max_tokens": 60 }""");
            if (resets) client.Socket.LingerState = new LingerOption(true, 0);
        }
        Assert.NotNull(await server.PostJson(Completions, """{ "prompt": "the fox", "max_tokens": 2 }"""));
        string metrics;
        do
        {
            metrics = await server.Get("/metrics");
        }
        while (!metrics.Contains("maskllm_requests_running 0\n", StringComparison.Ordinal)
            || !metrics.Contains("maskllm_requests_queued 0\n", StringComparison.Ordinal));
        // Who is gone is no failure of the server.
        Assert.Contains("maskllm_requests_total{outcome=\"failed\"} 0\n", metrics, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "empty")]
    [InlineData(" secret", "spaces")]
    [InlineData("secret\n", "spaces")]
    [InlineData(" ", "spaces")]
    [InlineData("se\ncret", "characters")]
    [InlineData("schlüssel", "characters")]
    public void Key_ThatNoRequestCanBring_IsRefused(string key, string word)
    {
        Assert.Contains(word, Assert.Throws<ArgumentException>(() => MaskLlm.Serving.Http.ApiKey.Of(null, key)).Message,
            StringComparison.Ordinal);
        Assert.Contains(word, Assert.Throws<ArgumentException>(() => MaskLlm.Serving.Http.ApiKey.Of(key, "good")).Message,
            StringComparison.Ordinal);
        Assert.False(MaskLlm.Serving.Http.ApiKey.Of(null, null).IsAsked);
        Assert.True(MaskLlm.Serving.Http.ApiKey.Of(null, "good").IsAsked);
    }

    [Theory]
    [InlineData("--host 0.0.0.0", "--without-key")]
    [InlineData("--host :: ", "--without-key")]
    [InlineData("--cors example.org", "origin")]
    [InlineData("--cors https://example.org/path", "origin")]
    [InlineData("--allowed-host a:80", "--allowed-host")]
    [InlineData("--max-bodies 10", "--max-bodies")]
    [InlineData("--api-key  key", null)]
    public void Options_ThatAreUnsafeOrWrong_AreRefusedBeforeTheModelIsRead(string options, string? word)
    {
        CommandRun run = CommandRun.Of(["serve", "/nowhere/at/all", .. options.Split(' ', StringSplitOptions.RemoveEmptyEntries)]);
        Assert.Equal(2, run.ExitCode);
        Assert.Contains(word ?? "/nowhere", run.LastLine, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Host_BeyondThisMachine_IsServedWithAKeyOrWhereItIsSaid()
    {
        foreach (string[] options in new[] { new[] { "--api-key", "k" }, ["--without-key"] })
        {
            using RunningServer server = await RunningServer.Start(["--host", "0.0.0.0", .. options]);
            Assert.StartsWith("http://0.0.0.0:", server.FirstLine, StringComparison.Ordinal);
        }
    }

    // What the sampler throws for logits that are NaN.
    [Fact]
    public void Logits_ThatAreNoNumbers_Are500InOpenAIsShape()
    {
        Exception thrown = Assert.Throws<InvalidDataException>(() => new MaskLlm.Decoding.Sampler(new MaskLlm.Decoding.SamplingOptions(), 3)
            .Draw([0, float.NaN, 1], 0));
        MaskLlm.Serving.Http.ErrorReply reply = MaskLlm.Serving.Http.ErrorReply.Of(thrown);
        Assert.Equal((500, "server_error", MaskLlm.Serving.RequestOutcome.Failed),
            (reply.Status, reply.Body["error"]!["type"]!.GetValue<string>(), reply.Outcome));
    }

    private static async Task<HttpResponseMessage> Ask(RunningServer server, string method, string path, string? origin = null,
        string? body = null)
    {
        using HttpRequestMessage request = new(new HttpMethod(method), path);
        if (origin is not null) request.Headers.Add("Origin", origin);
        if (body is not null) request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        return await server.Client.SendAsync(request, TestContext.Current.CancellationToken);
    }

    private static async Task<HttpResponseMessage> Preflight(RunningServer server, string origin)
    {
        using HttpRequestMessage request = new(HttpMethod.Options, Completions);
        request.Headers.Add("Origin", origin);
        request.Headers.Add("Access-Control-Request-Method", "POST");
        request.Headers.TryAddWithoutValidation("Access-Control-Request-Headers", "authorization,content-type,x-stainless-os");
        return await server.Client.SendAsync(request, TestContext.Current.CancellationToken);
    }

    private static string Header(HttpResponseMessage response, string name) =>
        response.Headers.TryGetValues(name, out IEnumerable<string>? values) ? string.Join(",", values.Distinct()) : "";
}
