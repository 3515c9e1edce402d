using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace MaskLlm.Serving.Http;

/// <summary>Server-sent events, each a JSON object.</summary>
internal static class EventStream
{
    private const string Type = "text/event-stream";

    /// <summary>Whether an answer that has begun is a stream.</summary>
    internal static bool IsOf(HttpResponse response) => response.ContentType == Type;

    internal static void Begin(HttpResponse response)
    {
        response.ContentType = Type;
        response.Headers.CacheControl = "no-cache";
    }

    internal static async Task Send(HttpResponse response, JsonObject value, CancellationToken stop)
    {
        await response.WriteAsync($"data: {JsonReply.Text(value)}\n\n", stop);
        await response.Body.FlushAsync(stop);
    }

    internal static async Task End(HttpResponse response, CancellationToken stop)
    {
        await response.WriteAsync("data: [DONE]\n\n", stop);
        await response.Body.FlushAsync(stop);
    }
}
