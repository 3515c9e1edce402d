using System.Net;
using Microsoft.AspNetCore.Http;

namespace MaskLlm.Serving.Http;

/// <summary>
/// The names that requests can call the server by. A page of another site can have its own name resolve to this machine and then ask
/// the server as if it were the page's; the name is what tells.
/// </summary>
internal sealed class HostNames
{
    private static readonly string[] Local = ["localhost", "127.0.0.1", "[::1]"];

    private readonly HashSet<string>? _names;

    /// <param name="options">Where the server listens, and other names that it has.</param>
    internal HostNames(HttpServerOptions options)
    {
        // Beyond this machine the server can have any name, and asks for a key, which such a page does not have.
        if (!options.IsLoopback && options.AllowedHosts.Count == 0) return;
        _names = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        foreach (string name in Local.Append(InHeader(options.Host)).Concat(options.AllowedHosts)) _names.Add(Plain(name));
    }

    /// <exception cref="ApiException">The name is another's.</exception>
    internal void Check(HttpRequest request)
    {
        // HTTP/1.0 has no name; no browser speaks it.
        if (_names is null || !request.Host.HasValue || _names.Contains(Plain(request.Host.Host))) return;
        throw new ApiException(StatusCodes.Status403Forbidden, "the request's Host is none of this server's names; whoever runs it can add one with --allowed-host.", null, "host_not_allowed");
    }

    private static string InHeader(string host) => IPAddress.TryParse(host, out IPAddress? address) && address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6 ? $"[{address}]" : host;

    private static string Plain(string name) => name.TrimEnd('.');
}
