using Microsoft.AspNetCore.Http;

namespace MaskLlm.Serving.Http;

/// <summary>Which sites' pages can read answers: none unless named.</summary>
internal sealed class CorsRules
{
    private const string Any = "*", NoOrigin = "null";

    private readonly HashSet<string> _origins;

    /// <param name="origins">Such as https://example.org:8443, or * for all.</param>
    /// <exception cref="ArgumentException">One is no origin.</exception>
    internal CorsRules(IReadOnlyList<string> origins) =>
        _origins = new HashSet<string>(origins.Select(Origin), StringComparer.OrdinalIgnoreCase);

    /// <summary>Sees to it that the answer, whatever it is, tells browsers who can read it.</summary>
    internal void Mark(HttpContext http)
    {
        if (_origins.Count == 0) return;
        // At the last moment: an error clears what was written before.
        http.Response.OnStarting(() =>
        {
            Write(http.Request, http.Response.Headers);
            return Task.CompletedTask;
        });
    }

    private void Write(HttpRequest request, IHeaderDictionary headers)
    {
        headers.Append("Vary", "Origin");
        string origin = request.Headers.Origin.ToString();
        bool allowsAny = _origins.Contains(Any);
        if (origin.Length == 0 || !(allowsAny || _origins.Contains(origin))) return;
        headers.AccessControlAllowOrigin = allowsAny ? Any : origin;
        headers.AccessControlExposeHeaders = "Retry-After";
        if (!HttpMethods.IsOptions(request.Method) || request.Headers.AccessControlRequestMethod.Count == 0) return;
        if (headers.Allow.Count > 0) headers.AccessControlAllowMethods = headers.Allow.ToString();
        // Clients send many of their own, and `*` would leave Authorization out.
        if (request.Headers.AccessControlRequestHeaders.Count > 0)
            headers.AccessControlAllowHeaders = request.Headers.AccessControlRequestHeaders.ToString();
        if (request.Headers.ContainsKey("Access-Control-Request-Private-Network")) headers["Access-Control-Allow-Private-Network"] = "true";
        headers.AccessControlMaxAge = "600";
        headers.Append("Vary", "Access-Control-Request-Headers");
    }

    private static string Origin(string text)
    {
        if (text is Any or NoOrigin) return text;
        bool isOrigin = Uri.TryCreate(text, UriKind.Absolute, out Uri? uri) && uri.Host.Length > 0 && uri.UserInfo.Length == 0
            && string.Equals(text, uri.GetLeftPart(UriPartial.Authority), StringComparison.OrdinalIgnoreCase);
        return isOrigin ? text : throw new ArgumentException($"`CorsOrigins` {text}: an origin such as https://example.org or "
            + $"http://localhost:5173 is expected, without a path, or * for all.");
    }
}
