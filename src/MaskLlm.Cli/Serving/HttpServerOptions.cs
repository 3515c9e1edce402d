using System.Net;
using System.Net.Sockets;
using MaskLlm.Numerals;

namespace MaskLlm.Cli.Serving;

/// <summary>Where the server listens, and how long a body can be.</summary>
internal sealed record HttpServerOptions
{
    /// <summary>An address or a name of this machine.</summary>
    internal string Host { get; init; } = "127.0.0.1";

    /// <summary>0 for any that is free.</summary>
    internal int Port { get; init; } = 8080;

    /// <summary>The longest body of a request.</summary>
    internal long MaxBodyBytes { get; init; } = 4 << 20;

    internal IPAddress Address => IPAddress.TryParse(Host, out IPAddress? address) ? address : Resolve(Host);

    /// <exception cref="ArgumentException">A number is out of range, or the host has no address.</exception>
    internal void Validate()
    {
        OptionRanges.Port.Require(Port);
        OptionRanges.MaxBody.Require(MaxBodyBytes);
        _ = Address;
    }

    private static IPAddress Resolve(string host)
    {
        try
        {
            return Dns.GetHostAddresses(host).OrderBy(address => address.AddressFamily != AddressFamily.InterNetwork).First();
        }
        catch (Exception e) when (e is SocketException or ArgumentException or InvalidOperationException)
        {
            throw new ArgumentException($"--host {host}: it has no address here ({e.Message.TrimEnd('.')}).", e);
        }
    }
}
