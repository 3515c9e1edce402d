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
    private readonly bool _takesAddresses;

    /// <param name="options">Where the server listens, and other names that it has.</param>
    /// <param name="asksForKey">Whether requests must bring a key.</param>
    internal HostNames(HttpServerOptions options, bool asksForKey)
    {
        // With a key the server can have any name beyond this machine: such a page does not have it.
        if (!options.IsLoopback && asksForKey && options.AllowedHosts.Count == 0) return;
        _names = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        foreach (string name in Local.Append(InHeader(options.Host)).Concat(options.AllowedHosts)) _names.Add(Plain(name));
        if (options.IsLoopback || options.AllowedHosts.Count > 0) return;
        // Nobody's name resolves to a page that was asked for by the machine's own name or by an address.
        _takesAddresses = true;
        _names.Add(Environment.MachineName);
        _names.Add($"{Environment.MachineName}.local");
    }

    private HostNames(HashSet<string>? names) => _names = names;

    /// <summary>Those of a list; an empty list is any name.</summary>
    internal static HostNames Listed(IReadOnlyList<string> names) =>
        new(names.Count == 0 ? null : new HashSet<string>(names.Select(Plain), StringComparer.OrdinalIgnoreCase));

    /// <exception cref="ApiException">The name is another's.</exception>
    internal void Check(HttpRequest request)
    {
        // HTTP/1.0 has no name; no browser speaks it.
        if (_names is null || !request.Host.HasValue || _names.Contains(Plain(request.Host.Host))) return;
        if (_takesAddresses && IPAddress.TryParse(request.Host.Host.Trim('[', ']'), out _)) return;
        throw new ApiException(StatusCodes.Status403Forbidden,
            "the request's Host is none of this server's names; whoever runs it can add one to its allowed hosts.", null,
            "host_not_allowed");
    }

    private static string InHeader(string host) => IPAddress.TryParse(host, out IPAddress? address)
        && address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6 ? $"[{address}]" : host;

    private static string Plain(string name) => name.TrimEnd('.');
}
