using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace MaskLlm.Serving.Http;

/// <summary>A JSON object as the whole answer.</summary>
internal static class JsonReply
{
    private const string Type = "application/json";

    // The text of a model is readable on the wire; who puts it into HTML escapes it there.
    private static readonly JsonSerializerOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    internal static string Text(JsonObject body) => body.ToJsonString(Plain);

    /// <summary>Sends a space, which JSON may begin with: who is gone answers with a reset.</summary>
    internal static async Task Probe(HttpResponse response)
    {
        if (!response.HasStarted) response.ContentType = Type;
        await response.WriteAsync(" ", response.HttpContext.RequestAborted);
        await response.Body.FlushAsync(response.HttpContext.RequestAborted);
    }

    internal static async Task Write(HttpResponse response, JsonObject body)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(Text(body));
        if (!response.HasStarted)
        {
            response.ContentType = Type;
            response.ContentLength = bytes.Length;
        }
        await response.Body.WriteAsync(bytes, response.HttpContext.RequestAborted);
    }
}
