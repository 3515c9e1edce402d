using System.Text.Json;
using System.Text.Json.Nodes;
using MaskLlm.Numerals;
using Microsoft.AspNetCore.Http;

namespace MaskLlm.Serving.Http;

/// <summary>What a failed request is answered.</summary>
/// <param name="Status">Of HTTP.</param>
/// <param name="Body">OpenAI's shape.</param>
/// <param name="Outcome">As it is counted; null where it was counted already.</param>
internal sealed record ErrorReply(int Status, JsonObject Body, RequestOutcome? Outcome)
{
    // How soon a place in the queue may be free cannot be known: a text may have one token or a thousand.
    private const string RetryAfterSeconds = "1";

    internal static ErrorReply Of(Exception e) => e switch
    {
        ApiException { Status: StatusCodes.Status401Unauthorized } api =>
            New(api.Status, api.Message, api.Field, api.Code, RequestOutcome.Unauthorized),
        ApiException { Status: StatusCodes.Status405MethodNotAllowed } api =>
            New(api.Status, api.Message, null, api.Code, RequestOutcome.Invalid) with { Allow = api.Allow },
        ApiException api => New(api.Status, api.Message, api.Field, api.Code, RequestOutcome.Invalid),
        RefusedException { Reason: RefusalReason.QueueFull } =>
            New(StatusCodes.Status429TooManyRequests, e.Message, null, "queue_full", RequestOutcome.Busy),
        RefusedException { Reason: RefusalReason.BodiesFull } =>
            New(StatusCodes.Status429TooManyRequests, e.Message, null, "bodies_full", RequestOutcome.Busy),
        RefusedException => New(StatusCodes.Status503ServiceUnavailable, e.Message, null, "stopping", RequestOutcome.Stopping),
        OperationCanceledException => New(StatusCodes.Status503ServiceUnavailable, "the request was cancelled.", null, "cancelled", null),
        BadHttpRequestException http => New(http.StatusCode, Sentence(http), null, null, RequestOutcome.Invalid),
        JsonException json => New(
            StatusCodes.Status400BadRequest,
            json.LineNumber is { } line ? $"the body is not JSON, at line {line + 1}, byte {json.BytePositionInLine + 1}."
                : "the body is not JSON.",
            null, null, RequestOutcome.Invalid),
        RequestFieldException field => New(StatusCodes.Status400BadRequest, field.Message, field.Field, field.Code, RequestOutcome.Invalid),
        // The template's own refusals among them.
        ArgumentException or NotSupportedException =>
            New(StatusCodes.Status400BadRequest, ArgumentSentence.Of(e), null, null, RequestOutcome.Invalid),
        _ => New(StatusCodes.Status500InternalServerError, "the server failed; its standard error says why.", null, null,
            RequestOutcome.Failed),
    };

    /// <summary>The methods that the path has, where another was asked for.</summary>
    internal string? Allow { get; init; }

    internal async Task Write(HttpResponse response)
    {
        if (response.HasStarted)
        {
            // Of a whole answer only spaces are out, see ClientLifetime.
            await (EventStream.IsOf(response) ? EventStream.Send(response, Body, CancellationToken.None)
                : response.WriteAsync(JsonReply.Text(Body), CancellationToken.None));
            return;
        }
        response.Clear();
        response.StatusCode = Status;
        if (Status == StatusCodes.Status429TooManyRequests) response.Headers.RetryAfter = RetryAfterSeconds;
        // What is left of the body is not wanted.
        if (Status is StatusCodes.Status408RequestTimeout or StatusCodes.Status413PayloadTooLarge) response.Headers.Connection = "close";
        if (Allow is not null) response.Headers.Allow = Allow;
        if (Status == StatusCodes.Status401Unauthorized) response.Headers.WWWAuthenticate = "Bearer";
        await JsonReply.Write(response, Body);
    }

    private static ErrorReply New(int status, string message, string? field, string? code, RequestOutcome? outcome) =>
        new(status, new JsonObject
        {
            ["error"] = new JsonObject { ["message"] = message, ["type"] = TypeOf(status), ["param"] = field, ["code"] = code },
        }, outcome);

    private static string Sentence(BadHttpRequestException e) => e.StatusCode switch
    {
        StatusCodes.Status413PayloadTooLarge => "the body is longer than the server takes; shorten it.",
        StatusCodes.Status408RequestTimeout => "the body came too slowly.",
        _ => e.Message,
    };

    private static string TypeOf(int status) => status switch
    {
        StatusCodes.Status401Unauthorized => "authentication_error",
        StatusCodes.Status403Forbidden => "permission_error",
        StatusCodes.Status429TooManyRequests => "rate_limit_error",
        >= 500 => "server_error",
        _ => "invalid_request_error",
    };
}
