using System.Text.Json.Nodes;
using MaskLlm.Serving;
using Microsoft.AspNetCore.Http;

namespace MaskLlm.Cli.Serving;

/// <summary>Finds who answers a request, and answers for those that fail.</summary>
/// <param name="model">What is served.</param>
/// <param name="key">Asked for everywhere but at <c>/health</c>.</param>
/// <param name="error">Told of the server's own failures.</param>
internal sealed class Router(ServedModel model, ApiKey key, TextWriter error)
{
    private readonly TextEndpoint _completions = new(model, new CompletionShape()), _chat = new(model, new ChatShape());

    internal async Task Answer(HttpContext http)
    {
        try
        {
            await Route(http);
        }
        catch (Exception e)
        {
            await AnswerError(http, e);
        }
    }

    private Task Route(HttpContext http)
    {
        HttpRequest request = http.Request;
        (string method, string path) = (HttpMethods.IsHead(request.Method) ? HttpMethods.Get : request.Method, request.Path.Value ?? "");
        if ((method, path) == ("GET", "/health")) return Health(http);
        key.Check(request);
        return (method, path) switch
        {
            ("POST", "/v1/completions") => _completions.Answer(http),
            ("POST", "/v1/chat/completions") => _chat.Answer(http),
            ("GET", "/v1/models") => JsonReply.Write(http.Response, Models()),
            ("GET", "/metrics") => Metrics(http),
            _ => throw new ApiException(StatusCodes.Status404NotFound, $"there is no {method} {path}.", null, "not_found"),
        };
    }

    private async Task AnswerError(HttpContext http, Exception e)
    {
        ErrorReply reply = ErrorReply.Of(e);
        // Who went away hears nothing; a running request of theirs counts itself.
        if (http.RequestAborted.IsCancellationRequested) return;
        if (reply.Outcome is { } outcome) model.Batch.Counts.Add(outcome);
        if (reply.Outcome == RequestOutcome.Failed) await error.WriteLineAsync(e.ToString());
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
        bool isStopping = model.Batch.Refusal == RefusalReason.Stopping;
        if (isStopping) http.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
        return JsonReply.Write(http.Response, new JsonObject { ["status"] = isStopping ? "stopping" : "ok" });
    }

    private static Task Write(HttpContext http, string contentType, string text)
    {
        http.Response.ContentType = contentType;
        return http.Response.WriteAsync(text, http.RequestAborted);
    }

    private Task Metrics(HttpContext http) => Write(http, MetricsText.ContentType, MetricsText.Of(model));

    private JsonObject Models() => new()
    {
        ["object"] = "list",
        ["data"] = new JsonArray(new JsonObject { ["id"] = model.Name, ["object"] = "model", ["created"] = model.Created, ["owned_by"] = "maskllm" }),
    };
}
