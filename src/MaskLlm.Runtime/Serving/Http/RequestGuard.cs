namespace MaskLlm.Serving.Http;

/// <summary>Who may ask.</summary>
/// <param name="Key">Asked for everywhere but at <c>/health</c>.</param>
/// <param name="Hosts">The server's names.</param>
/// <param name="Cors">Which sites' pages can read answers.</param>
internal sealed record RequestGuard(ApiKey Key, HostNames Hosts, CorsRules Cors);
