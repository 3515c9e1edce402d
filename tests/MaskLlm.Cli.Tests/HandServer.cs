using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using MaskLlm.Chat;
using MaskLlm.Decoding;
using MaskLlm.Products;
using MaskLlm.Serving;
using MaskLlm.Serving.Http;
using MaskLlm.Tokens;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace MaskLlm.Cli.Tests;

/// <summary>The server's answers to requests that a test makes by hand, without a network.</summary>
internal sealed class HandServer : IDisposable
{
    private readonly RuntimeModel _model;
    private readonly ServingLoop? _loop;
    private readonly Router _router;

    internal HandServer(string? folder = null, HttpServerOptions? http = null, string? key = null, bool runs = true)
    {
        http ??= new HttpServerOptions();
        _model = RuntimeModel.OpenOrPack(folder ?? TinyModel.Folder, WeightType.Float32, null, stop: TestContext.Current.CancellationToken);
        Decoder = new RuntimeDecoder(_model, new RuntimeDecoderOptions { Threads = 1, CacheBytes = 1 << 20 });
        Tokenizer tokenizer = _model.LoadTokenizer();
        Batch = new TextBatch(Decoder, tokenizer, tokenizer.EndOfTextIds, new ServingOptions());
        if (runs) _loop = new ServingLoop(Batch);
        Served = new ServedModel("tiny", tokenizer, ChatFormat.Read(_model.File, tokenizer.SpecialTokens), Batch, () =>
            Failure is null ? Decoder.FreePositions : throw Failure);
        _router = new Router(Served,
            new RequestGuard(ApiKey.Of(key, null), new HostNames(http, asksForKey: key is not null), new CorsRules(http.CorsOrigins)),
            http.Intake(TimeProvider.System), Errors);
    }

    internal RuntimeDecoder Decoder { get; }

    internal TextBatch Batch { get; }

    internal ServedModel Served { get; }

    /// <summary>What goes wrong where the metrics are asked for.</summary>
    internal Exception? Failure { get; init; }

    internal StringWriter Errors { get; } = new();

    internal async Task<Answer> Ask(string method, string path, string? body = null, params (string Name, string Value)[] headers)
    {
        DefaultHttpContext http = new();
        StartingResponse response = new();
        http.Features.Set<IHttpResponseFeature>(response);
        using MemoryStream written = new();
        http.Features.Set<IHttpResponseBodyFeature>(new StreamResponseBodyFeature(written));
        http.Request.Method = method;
        http.Features.Get<IHttpRequestFeature>()!.RawTarget = path;
        foreach ((string name, string value) in headers) http.Request.Headers.Append(name, value);
        if (body is not null)
        {
            http.Request.ContentType ??= "application/json";
            http.Request.Body = new MemoryStream(Encoding.UTF8.GetBytes(body));
        }
        await _router.Answer(http);
        await response.Start();
        return new Answer(http.Response.StatusCode,
            http.Response.Headers.ToDictionary(header => header.Key, header => header.Value.ToString()),
            Encoding.UTF8.GetString(written.ToArray()));
    }

    /// <summary>The message of a refusal and the field that it names.</summary>
    internal async Task<(int Status, string? Field, string Message)> Refusal(string path, string body)
    {
        Answer answer = await Ask("POST", path, body);
        JsonNode error = answer.Json["error"]!;
        return (answer.Status, (string?)error["param"], (string)error["message"]!);
    }

    /// <summary>What a request's body becomes.</summary>
    internal TextCall Call(ITextShape shape, string body)
    {
        using JsonDocument document = JsonDocument.Parse(body);
        return TextCall.Read(document.RootElement, Served, shape);
    }

    public void Dispose()
    {
        _loop?.Dispose();
        Batch.Dispose();
        Decoder.Dispose();
        _model.Dispose();
        Errors.Dispose();
    }

    internal sealed record Answer(int Status, IReadOnlyDictionary<string, string> Headers, string Body)
    {
        internal JsonNode Json => JsonNode.Parse(Body)!;
    }

    /// <summary>Does when it starts what it was asked to.</summary>
    private sealed class StartingResponse : HttpResponseFeature
    {
        private readonly List<(Func<object, Task> What, object State)> _starting = [];

        internal async Task Start()
        {
            foreach ((Func<object, Task> what, object state) in _starting) await what(state);
        }

        public override void OnStarting(Func<object, Task> callback, object state) => _starting.Add((callback, state));
    }
}
