using System.Buffers;
using System.IO.Pipelines;
using System.Net;
using System.Text;
using MaskLlm.Serving;
using MaskLlm.Serving.Http;
using Microsoft.AspNetCore.Http;

namespace MaskLlm.Cli.Tests;

/// <summary>Who may ask, how much is read, and the defaults of the server.</summary>
public sealed class ServingGuardsTests
{
    private const string Site = "http://localhost:5173";

    [Fact]
    public void Options_WithoutBeingSet_AreTheseNumbers()
    {
        HttpServerOptions options = new();
        options.Validate();
        Assert.Equal(("127.0.0.1", 8080, 4194304L, null), (options.Host, options.Port, options.MaxBodyBytes, options.BodyBytes));
        Assert.Empty(options.AllowedHosts.Concat(options.CorsOrigins));
        BodyIntake intake = (options with { MaxBodyBytes = 10 }).Intake(TimeProvider.System);
        Assert.Equal((10, TimeSpan.FromSeconds(30), TimeProvider.System), (intake.MaxBytes, intake.Patience, intake.Clock));
        // Four bodies of the longest.
        using BodyBudget.Charge all = intake.Budget.Take(40);
        Assert.Throws<RefusedException>(() => intake.Budget.Take(1));
        using BodyBudget.Charge seven = (options with { MaxBodyBytes = 5, BodyBytes = 7 }).Intake(TimeProvider.System).Budget.Take(7);
        Assert.Equal((8388608, 512), (BodyBudget.MuchBytes, BodyBudget.DefaultPlaces));
    }

    [Fact]
    public void Options_EndsOfTheirRanges_AreIn()
    {
        foreach (HttpServerOptions right in new HttpServerOptions[]
        {
            new() { Port = 0 }, new() { Port = 65535 }, new() { MaxBodyBytes = 1 }, new() { MaxBodyBytes = 1 << 30 },
                new() { MaxBodyBytes = 5, BodyBytes = 5 },
            new() { AllowedHosts = ["[::1]", "a.example", "10.0.0.1"] }, new() { CorsOrigins = ["*", "null", Site, "HTTPS://A.example"] },
                new() { Host = "::1" },
        })
            right.Validate();
        foreach ((HttpServerOptions wrong, string message) in new (HttpServerOptions, string)[]
        {
            (new() { MaxBodyBytes = 5, BodyBytes = 4 }, "`BodyBytes` 4: at least one body of `MaxBodyBytes` (5) must fit in."),
            (new() { AllowedHosts = ["a", "b:80"] }, "`AllowedHosts` b:80: a host's name is expected, without a port."),
            (new() { CorsOrigins = ["http://a.example/"] },
                "`CorsOrigins` http://a.example/: an origin such as https://example.org or http://localhost:5173 is expected, "
                + "without a path, or * for all."),
            (new() { CorsOrigins = ["http://me@a.example"] },
                "`CorsOrigins` http://me@a.example: an origin such as https://example.org or http://localhost:5173 is expected, "
                + "without a path, or * for all."),
            (new() { CorsOrigins = ["file:///a"] },
                "`CorsOrigins` file:///a: an origin such as https://example.org or http://localhost:5173 is expected, "
                + "without a path, or * for all."),
        })
            Assert.Equal(message, Assert.Throws<ArgumentException>(wrong.Validate).Message);
        foreach (HttpServerOptions wrong in new HttpServerOptions[] { new() { Port = -1 }, new() { Port = 65536 },
            new() { MaxBodyBytes = 0 }, new() { MaxBodyBytes = (1 << 30) + 1 } })
            Assert.Throws<ArgumentException>(wrong.Validate);
    }

    [Theory]
    [InlineData("localhost", "127.0.0.1", true)]
    [InlineData("127.0.0.5", "127.0.0.5", true)]
    [InlineData("::1", "::1", true)]
    [InlineData("0.0.0.0", "0.0.0.0", false)]
    [InlineData("192.168.1.7", "192.168.1.7", false)]
    public void Host_NameOrNumber_IsAnAddress(string host, string address, bool isLoopback)
    {
        HttpServerOptions options = new() { Host = host };
        Assert.Equal((IPAddress.Parse(address), isLoopback), (options.Address, options.IsLoopback));
    }

    /// <summary>On this machine only its own names and those that are allowed; beyond it any with a key, unless some are named.</summary>
    [Theory]
    [InlineData("127.0.0.1", null, "localhost", true)]
    [InlineData("127.0.0.1", null, "LOCALHOST.:9", true)]
    [InlineData("127.0.0.1", null, "127.0.0.1:8080", true)]
    [InlineData("127.0.0.1", null, "[::1]", true)]
    [InlineData("127.0.0.1", null, "127.0.0.7", false)]
    [InlineData("127.0.0.7", null, "127.0.0.7:1", true)]
    [InlineData("127.0.0.1", null, "a.example", false)]
    [InlineData("127.0.0.1", "a.example.", "A.example:80", true)]
    [InlineData("127.0.0.1", null, null, true)]
    [InlineData("0.0.0.0", null, "a.example", true)]
    [InlineData("0.0.0.0", "b.example", "a.example", false)]
    [InlineData("0.0.0.0", "b.example", "b.example", true)]
    [InlineData("0.0.0.0", "b.example", "localhost", true)]
    [InlineData("fe80::1", "b.example", "[fe80::1]:80", true)]
    public void Check_Host_IsOneOfTheServersNames(string host, string? allowed, string? asked, bool isRight)
    {
        HostNames names = new(new HttpServerOptions { Host = host, AllowedHosts = allowed is null ? [] : [allowed] }, asksForKey: true);
        DefaultHttpContext http = new();
        if (asked is not null) http.Request.Host = new HostString(asked);
        Exception? refused = Record.Exception(() => names.Check(http.Request));
        Assert.Equal(isRight, refused is null);
        if (isRight) return;
        ApiException api = Assert.IsType<ApiException>(refused);
        Assert.Equal(
            (403, "host_not_allowed", "the request's Host is none of this server's names; "
                + "whoever runs it can add one to its allowed hosts."),
            (api.Status, api.Code, api.Message));
    }

    [Theory]
    [InlineData("key", "Bearer key", true)]
    [InlineData("key", "bEARER   key  ", true)]
    [InlineData("a key~!", "Bearer a key~!", true)]
    [InlineData("key", "Bearer", false)]
    [InlineData("key", "", false)]
    [InlineData("key", "Basic key", false)]
    [InlineData("key", "key", false)]
    [InlineData("key", "Bearer KEY", false)]
    [InlineData("key", "Bearer key2", false)]
    public void Check_Key_IsTheBearers(string key, string header, bool isRight)
    {
        DefaultHttpContext http = new();
        http.Request.Headers.Authorization = header;
        foreach (ApiKey asked in new[] { ApiKey.Of(key, "another"), ApiKey.Of(null, key) })
        {
            Exception? refused = Record.Exception(() => asked.Check(http.Request));
            Assert.Equal(isRight, refused is null);
            if (refused is not null) Assert.Equal((401, "invalid_api_key"), (((ApiException)refused).Status, ((ApiException)refused).Code));
        }
        ApiKey.Of(null, null).Check(http.Request);
    }

    [Theory]
    [InlineData("", "`Key` is empty; give a key, or leave it out to ask for none.")]
    [InlineData("a\u007f", "`Key` has characters that a request cannot bring; ASCII letters, digits and signs are expected.")]
    [InlineData("a ", "`Key` has spaces or line ends round the key, which a request cannot bring; take them off.")]
    public void Key_ThatNoRequestCanBring_IsRefusedByTheNameOfItsPlace(string key, string message)
    {
        Assert.Equal(message, Assert.Throws<ArgumentException>(() => ApiKey.Of(key, "right")).Message);
        Assert.Equal(message.Replace("`Key`", "MASKLLM_API_KEY", StringComparison.Ordinal),
            Assert.Throws<ArgumentException>(() => ApiKey.Of(null, key)).Message);
    }

    [Fact]
    public async Task Cors_Preflight_HasTheseHeaders()
    {
        using HandServer server = new(http: new HttpServerOptions { CorsOrigins = [Site, "null"] });
        (string, string)[] asked = [("Origin", Site), ("Access-Control-Request-Method", "POST"), ("Access-Control-Request-Headers", "a,b"),
            ("Access-Control-Request-Private-Network", "true")];
        Assert.Equal(new Dictionary<string, string>
        {
            ["Allow"] = "POST, OPTIONS",
            ["Vary"] = "Origin,Access-Control-Request-Headers",
            ["Access-Control-Allow-Origin"] = Site,
            ["Access-Control-Expose-Headers"] = "Retry-After",
            ["Access-Control-Allow-Methods"] = "POST, OPTIONS",
            ["Access-Control-Allow-Headers"] = "a,b",
            ["Access-Control-Allow-Private-Network"] = "true",
            ["Access-Control-Max-Age"] = "600",
        }, (await server.Ask("OPTIONS", "/v1/completions", null, asked)).Headers);
        Dictionary<string, string> plain = new()
        {
            ["Allow"] = "POST, OPTIONS",
            ["Vary"] = "Origin",
            ["Access-Control-Allow-Origin"] = Site,
            ["Access-Control-Expose-Headers"] = "Retry-After"
        };
        // No preflight without the method that is asked for.
        Assert.Equal(plain, (await server.Ask("OPTIONS", "/v1/completions", null, asked[0])).Headers);
        Assert.Equal(
            ["Access-Control-Allow-Methods", "Access-Control-Max-Age"],
            (await server.Ask("OPTIONS", "/v1/completions", null, asked[0], asked[1])).Headers.Keys.Except(plain.Keys)
                .Order(StringComparer.Ordinal));
        Assert.Equal("null", (await server.Ask("GET", "/health", null, ("Origin", "null"))).Headers["Access-Control-Allow-Origin"]);
        foreach ((string, string)[] none in new (string, string)[][] { [], [("Origin", "http://localhost:5174")] })
        {
            HandServer.Answer answer = await server.Ask("GET", "/health", null, none);
            Assert.Equal("Origin", answer.Headers["Vary"]);
            Assert.DoesNotContain(answer.Headers.Keys, name => name.StartsWith("Access-Control", StringComparison.Ordinal));
        }
        // The answer to a GET says nothing about methods.
        Assert.DoesNotContain("Access-Control-Allow-Methods", (await server.Ask("GET", "/health", null, asked)).Headers.Keys);
    }

    [Fact]
    public async Task Cors_StarOrNone_IsForAllOrNobody()
    {
        using HandServer all = new(http: new HttpServerOptions { CorsOrigins = ["*"] }), none = new();
        Assert.Equal("*", (await all.Ask("GET", "/health", null, ("Origin", "https://anywhere.example")))
            .Headers["Access-Control-Allow-Origin"]);
        Assert.Equal(["Content-Length", "Content-Type"],
            (await none.Ask("GET", "/health", null, ("Origin", Site))).Headers.Keys.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Take_ExactlyWhatThereIs_FitsIn()
    {
        int asked = 0;
        BodyBudget budget = new(100, places: 2, giveBack: () => asked++);
        BodyBudget.Charge charge = budget.Take(60);
        charge.GrowTo(60);
        charge.GrowTo(10);
        Assert.Equal((60, 60), (budget.Taken, budget.Most));
        charge.GrowTo(100);
        Assert.Throws<RefusedException>(() => charge.GrowTo(101));
        Assert.Equal((100, 100), (budget.Taken, budget.Most));
        using BodyBudget.Charge nothing = budget.Take(0);
        Assert.Throws<RefusedException>(() => budget.Take(0));
        charge.Dispose();
        charge.Dispose();
        Assert.Equal((0, 100, 0), (budget.Taken, budget.Most, asked));
        BodyBudget large = new(BodyBudget.MuchBytes, giveBack: () => asked++);
        large.Take(BodyBudget.MuchBytes).Dispose();
        Assert.Equal(1, asked);
    }

    /// <summary>Bodies shorter and longer than the first buffer, with and without their length, up to the longest.</summary>
    [Theory]
    [InlineData(2)]
    [InlineData(16384)]
    [InlineData(16385)]
    [InlineData(70000)]
    [InlineData(100000)]
    public async Task Read_BodyOfAnyLength_IsItsText(int length)
    {
        BodyIntake intake = new(new BodyBudget(100000), 100000, TimeProvider.System);
        string text = string.Concat(Enumerable.Range(0, length - 2).Select(i => (char)('a' + i % 26)));
        foreach (bool hasLength in new[] { true, false })
        {
            using RequestBody body = await RequestBody.Read(Request($"\"{text}\"", hasLength), intake);
            Assert.Equal(text, body.Root.GetString());
            Assert.Equal(length, intake.Budget.Taken);
            Assert.Equal(413, (await Assert.ThrowsAsync<BadHttpRequestException>(() =>
                RequestBody.Read(Request(new string(' ', 100001), hasLength), intake with { Budget = new BodyBudget(200000) })))
                .StatusCode);
        }
        Assert.Equal(0, intake.Budget.Taken);
    }

    [Theory]
    [InlineData(null, null, "the body has no Content-Type; send `Content-Type: application/json`.")]
    [InlineData("text/plain", null, "the body's Content-Type is not JSON in UTF-8; send `Content-Type: application/json`.")]
    [InlineData("application/json; charset=\"utf-16\"", null,
        "the body's Content-Type is not JSON in UTF-8; send `Content-Type: application/json`.")]
    [InlineData("application/json", "br", "the body has a Content-Encoding, which is not read; send it as it is.")]
    [InlineData("application/json; charset=\"utf-8\"", "Identity", null)]
    [InlineData("application/json ; ", null, null)]
    public async Task Read_OtherTypeOrCoding_IsRefusedInThisSentence(string? type, string? coding, string? message)
    {
        HttpRequest request = Request("{}", hasLength: true);
        request.ContentType = type;
        if (coding is not null) request.Headers.ContentEncoding = coding;
        BodyIntake intake = new(new BodyBudget(100), 100, TimeProvider.System);
        Exception? refused = await Record.ExceptionAsync(async () => (await RequestBody.Read(request, intake)).Dispose());
        Assert.Equal(message, refused?.Message);
        if (refused is not null) Assert.Equal((415, "unsupported_media_type"),
            (((ApiException)refused).Status, ((ApiException)refused).Code));
    }

    /// <summary>Escapes are looked at wherever they stand; the field of the body is named, not the name inside it.</summary>
    [Theory]
    [InlineData("""{ "a\u0062c": { "\ud800": 1 } }""", "abc")]
    [InlineData("""{ "a": 1, "b": [ { "c": "\udc00" } ] }""", "b")]
    [InlineData("""{ "a\ud800": 1 }""", null)]
    [InlineData("""[ "\ud800" ]""", null)]
    [InlineData("""{ "a": "x", "\ud800b": 1 }""", null)]
    public async Task Read_HalfASurrogate_NamesItsField(string text, string? field)
    {
        BodyIntake intake = new(new BodyBudget(100), 100, TimeProvider.System);
        ApiException refused = await Assert.ThrowsAsync<ApiException>(() => RequestBody.Read(Request(text, hasLength: true), intake));
        Assert.Equal((400, field, $"{field ?? "a name in the body"}: half a surrogate pair is no Unicode text."),
            (refused.Status, refused.Field, refused.Message));
        using RequestBody whole = await RequestBody.Read(Request(text.Replace("\\ud800", "\\ud83d\\ude00", StringComparison.Ordinal)
            .Replace("\\udc00", "\\n", StringComparison.Ordinal), hasLength: true), intake);
    }

    /// <summary>The end is told when nothing of what came is left, or when a reader waits for more although some is.</summary>
    [Fact]
    public async Task PatientReader_End_IsHiddenWhileThereIsSomethingToRead()
    {
        Pipe pipe = new();
        PatientReader reader = new(pipe.Reader);
        await pipe.Writer.WriteAsync("abcd"u8.ToArray(), TestContext.Current.CancellationToken);
        await pipe.Writer.CompleteAsync();
        ReadResult first = await reader.ReadAsync(TestContext.Current.CancellationToken);
        Assert.Equal(("abcd", false), (Text(first), first.IsCompleted));
        reader.AdvanceTo(first.Buffer.GetPosition(2));
        Assert.True(reader.TryRead(out ReadResult second));
        Assert.Equal(("cd", false), (Text(second), second.IsCompleted));
        // All of it looked at and none taken: it waits for more, and there is no more.
        reader.AdvanceTo(second.Buffer.Start, second.Buffer.End);
        ReadResult third = await reader.ReadAsync(TestContext.Current.CancellationToken);
        Assert.Equal(("cd", true), (Text(third), third.IsCompleted));
        reader.AdvanceTo(third.Buffer.End);
        ReadResult last = await reader.ReadAsync(TestContext.Current.CancellationToken);
        Assert.Equal(("", true), (Text(last), last.IsCompleted));
        reader.AdvanceTo(last.Buffer.End);
        await reader.CompleteAsync();
    }

    [Fact]
    public async Task PatientReader_NoEndYet_ChangesNothing()
    {
        Pipe pipe = new();
        PatientReader reader = new(pipe.Reader);
        Assert.False(reader.TryRead(out _));
        await pipe.Writer.WriteAsync("ab"u8.ToArray(), TestContext.Current.CancellationToken);
        ReadResult first = await reader.ReadAsync(TestContext.Current.CancellationToken);
        Assert.Equal(("ab", false), (Text(first), first.IsCompleted));
        // Nothing taken while more may come is no waiting at the end.
        reader.AdvanceTo(first.Buffer.Start, first.Buffer.End);
        await pipe.Writer.WriteAsync("c"u8.ToArray(), TestContext.Current.CancellationToken);
        await pipe.Writer.CompleteAsync();
        ReadResult second = await reader.ReadAsync(TestContext.Current.CancellationToken);
        Assert.Equal(("abc", false), (Text(second), second.IsCompleted));
        reader.AdvanceTo(second.Buffer.End);
        Assert.True((await reader.ReadAsync(TestContext.Current.CancellationToken)).IsCompleted);
        reader.CancelPendingRead();
    }

    private static string Text(ReadResult result) => Encoding.UTF8.GetString(result.Buffer.ToArray());

    private static HttpRequest Request(string body, bool hasLength)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(body);
        DefaultHttpContext http = new();
        http.Request.ContentType = "application/json";
        http.Request.Body = new MemoryStream(bytes);
        http.Request.ContentLength = hasLength ? bytes.Length : null;
        return http.Request;
    }
}
