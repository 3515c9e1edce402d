using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace MaskLlm.Serving.Http;

/// <summary>Finds who answers a request, and answers for those that fail.</summary>
internal sealed class Router
{
    /// <summary>What every path of the API begins with.</summary>
    internal const string ApiRoot = "/v1";

    private const string Models = ApiRoot + "/models", Get = "GET, HEAD, OPTIONS", Post = "POST, OPTIONS", Everything = "*";

    private readonly ServedModel _model;
    private readonly RequestGuard _guard;
    private readonly TextWriter _error;
    private readonly TextEndpoint _completions, _chat;

    /// <param name="model">What is served.</param>
    /// <param name="guard">Who may ask.</param>
    /// <param name="intake">How bodies are taken in.</param>
    /// <param name="error">Told of the server's own failures.</param>
    internal Router(ServedModel model, RequestGuard guard, BodyIntake intake, TextWriter error)
    {
        (_model, _guard, _error) = (model, guard, error);
        (_completions, _chat) = (new(model, new CompletionShape(), intake), new(model, new ChatShape(), intake));
    }

    /// <summary>Answers in a server of its own.</summary>
    internal Task Answer(HttpContext http) => Answer(http, PathOf(http));

    /// <summary>Answers in an application whose other parts have other paths: what is before the API's root is theirs.</summary>
    internal Task AnswerBeside(HttpContext http)
    {
        string path = PathOf(http);
        int root = path.IndexOf(ApiRoot + "/", StringComparison.Ordinal);
        return Answer(http, root < 0 ? path : path[root..]);
    }

    private async Task Answer(HttpContext http, string path)
    {
        try
        {
            _guard.Cors.Mark(http);
            _guard.Hosts.Check(http.Request);
            await Route(http, path);
        }
        catch (Exception e)
        {
            await AnswerError(http, e);
        }
    }

    private Task Route(HttpContext http, string path)
    {
        string method = http.Request.Method;
        string? allow = Methods(path);
        // A browser asks without the key what it may ask, of paths that are not there too.
        bool isOptions = HttpMethods.IsOptions(method);
        if (isOptions && allow is not null) return Options(http, allow);
        if (path != "/health" && !isOptions) _guard.Key.Check(http.Request);
        if (allow is null) throw new ApiException(StatusCodes.Status404NotFound, $"there is no {method} {path}.", null, "not_found");
        bool isGet = HttpMethods.IsGet(method) || HttpMethods.IsHead(method);
        if (!(allow == Get ? isGet : HttpMethods.IsPost(method))) throw ApiException.WrongMethod(method, path, allow);
        return path switch
        {
            "/health" => Health(http),
            "/metrics" => Metrics(http),
            "/v1/completions" => _completions.Answer(http),
            "/v1/chat/completions" => _chat.Answer(http),
            Models => JsonReply.Write(http.Response, AllModels()),
            _ => JsonReply.Write(http.Response, OneModel(path[(Models.Length + 1)..])),
        };
    }

    // The methods of a path as Allow names them; null where there is no such path.
    private static string? Methods(string path) => path switch
    {
        "/v1/completions" or "/v1/chat/completions" => Post,
        "/health" or "/metrics" or Models => Get,
        Everything => "GET, HEAD, POST, OPTIONS",
        _ => path.StartsWith(Models + "/", StringComparison.Ordinal) ? Get : null,
    };

    // As it was sent: the server's own path keeps %2F, and a model's name can have slashes.
    private static string PathOf(HttpContext http)
    {
        string raw = http.Features.Get<IHttpRequestFeature>()?.RawTarget ?? "";
        if (raw == Everything) return raw;
        return raw.StartsWith('/') ? Uri.UnescapeDataString(raw.Split('?', '#')[0]) : http.Request.Path.Value ?? "";
    }

    private static Task Options(HttpContext http, string allow)
    {
        http.Response.StatusCode = StatusCodes.Status204NoContent;
        http.Response.Headers.Allow = allow;
        return Task.CompletedTask;
    }

    private async Task AnswerError(HttpContext http, Exception e)
    {
        ErrorReply reply = ErrorReply.Of(e);
        // Who went away hears nothing; a running request of theirs counts itself.
        if (http.RequestAborted.IsCancellationRequested) return;
        if (reply.Outcome is { } outcome) _model.Batch.Counts.Add(outcome);
        if (reply.Outcome == RequestOutcome.Failed) await _error.WriteLineAsync(e.ToString());
        try
        {
            await reply.Write(http.Response);
        }
        catch (Exception gone) when (gone is IOException or OperationCanceledException)
        {
        }
    }

    private Task Health(HttpContext http)
    {
        bool isStopping = _model.Batch.Refusal == RefusalReason.Stopping;
        if (isStopping) http.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
        return JsonReply.Write(http.Response, new JsonObject { ["status"] = isStopping ? "stopping" : "ok" });
    }

    private Task Metrics(HttpContext http)
    {
        http.Response.ContentType = MetricsText.ContentType;
        return http.Response.WriteAsync(MetricsText.Of(_model), http.RequestAborted);
    }

    private JsonObject AllModels() => new() { ["object"] = "list", ["data"] = new JsonArray(TheModel()) };

    private JsonObject OneModel(string name)
    {
        _model.RequireName(name);
        return TheModel();
    }

    private JsonObject TheModel() =>
        new() { ["id"] = _model.Name, ["object"] = "model", ["created"] = _model.Created, ["owned_by"] = "maskllm" };
}
