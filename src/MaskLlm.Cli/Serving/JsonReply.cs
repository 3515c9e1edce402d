using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace MaskLlm.Cli.Serving;

/// <summary>A JSON object as the whole answer.</summary>
internal static class JsonReply
{
    // The text of a model is readable on the wire; who puts it into HTML escapes it there.
    private static readonly JsonSerializerOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    internal static string Text(JsonObject body) => body.ToJsonString(Plain);

    internal static async Task Write(HttpResponse response, JsonObject body)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(Text(body));
        response.ContentType = "application/json";
        response.ContentLength = bytes.Length;
        await response.Body.WriteAsync(bytes, response.HttpContext.RequestAborted);
    }
}
