using System.Text.Json;
using System.Text.Json.Nodes;
using MaskLlm.Serving;
using Microsoft.AspNetCore.Http;

namespace MaskLlm.Cli.Serving;

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
        ApiException { Status: StatusCodes.Status401Unauthorized } api => New(api.Status, api.Message, api.Field, api.Code, RequestOutcome.Unauthorized),
        ApiException api => New(api.Status, api.Message, api.Field, api.Code, RequestOutcome.Invalid),
        RefusedException { Reason: RefusalReason.QueueFull } => New(StatusCodes.Status429TooManyRequests, e.Message, null, "queue_full", RequestOutcome.Busy),
        RefusedException => New(StatusCodes.Status503ServiceUnavailable, e.Message, null, "stopping", RequestOutcome.Stopping),
        OperationCanceledException => New(StatusCodes.Status503ServiceUnavailable, "the request was cancelled.", null, "cancelled", null),
        BadHttpRequestException http => New(http.StatusCode, http.StatusCode == StatusCodes.Status413PayloadTooLarge ? "the body is longer than the server takes; shorten it." : http.Message, null, null, RequestOutcome.Invalid),
        JsonException => New(StatusCodes.Status400BadRequest, $"the body is not JSON: {e.Message}", null, null, RequestOutcome.Invalid),
        RequestFieldException field => New(StatusCodes.Status400BadRequest, field.Message, field.Field, null, RequestOutcome.Invalid),
        // The template's own refusals among them.
        ArgumentException or NotSupportedException => New(StatusCodes.Status400BadRequest, ExitCode.Sentence(e), null, null, RequestOutcome.Invalid),
        _ => New(StatusCodes.Status500InternalServerError, "the server failed; its standard error says why.", null, null, RequestOutcome.Failed),
    };

    internal async Task Write(HttpResponse response)
    {
        if (response.HasStarted)
        {
            await EventStream.Send(response, Body, CancellationToken.None);
            return;
        }
        response.Clear();
        response.StatusCode = Status;
        if (Status == StatusCodes.Status429TooManyRequests) response.Headers.RetryAfter = RetryAfterSeconds;
        if (Status == StatusCodes.Status401Unauthorized) response.Headers.WWWAuthenticate = "Bearer";
        await JsonReply.Write(response, Body);
    }

    private static ErrorReply New(int status, string message, string? field, string? code, RequestOutcome? outcome) => new(status, new JsonObject
    {
        ["error"] = new JsonObject { ["message"] = message, ["type"] = TypeOf(status), ["param"] = field, ["code"] = code },
    }, outcome);

    private static string TypeOf(int status) => status switch
    {
        StatusCodes.Status401Unauthorized => "authentication_error",
        StatusCodes.Status429TooManyRequests => "rate_limit_error",
        >= 500 => "server_error",
        _ => "invalid_request_error",
    };
}
