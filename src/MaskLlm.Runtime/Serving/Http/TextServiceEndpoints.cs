using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;

namespace MaskLlm.Serving.Http;

/// <summary>OpenAI's API beside the rest of an ASP.NET Core application.</summary>
public static class TextServiceEndpoints
{
    private const string Pattern = Router.ApiRoot + "/{**path}";

    /// <summary>
    /// Maps <c>/v1/models</c>, <c>/v1/completions</c> and <c>/v1/chat/completions</c>, below the group's prefix where there is one.
    /// </summary>
    /// <param name="endpoints">The application, or a group of its routes.</param>
    /// <param name="service">The model; the application disposes it after its last request.</param>
    /// <param name="options">Key, origins, names and longest body; where to listen is the application's. Null for the defaults.</param>
    /// <param name="error">Told of failures of the server's own; null for standard error.</param>
    /// <returns>What the application adds conventions to, such as its own authorization.</returns>
    /// <exception cref="ArgumentException">An option is out of range.</exception>
    public static IEndpointConventionBuilder MapMaskLlm(
        this IEndpointRouteBuilder endpoints, TextService service, HttpServerOptions? options = null, TextWriter? error = null)
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        ArgumentNullException.ThrowIfNull(service);
        HttpServerOptions asked = options ?? new HttpServerOptions();
        asked.Validate();
        // The application knows which names it has; here those count that the options list.
        HostNames hosts = HostNames.Listed(asked.AllowedHosts);
        RequestGuard guard = new(asked.Key, hosts, new CorsRules(asked.CorsOrigins));
        Router router = new(service.Served, guard, asked.Intake(TimeProvider.System), error ?? Console.Error);
        return endpoints.Map(Pattern, router.AnswerBeside);
    }
}
