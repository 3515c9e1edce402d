using System.Net;
using System.Net.Sockets;
using MaskLlm.Numerals;

namespace MaskLlm.Serving.Http;

/// <summary>Where the server listens, and how long a body can be.</summary>
public sealed record HttpServerOptions
{
    private const long BodiesAtOnce = 4;

    /// <summary>An address or a name of this machine.</summary>
    public string Host { get; init; } = "127.0.0.1";

    /// <summary>0 for any that is free.</summary>
    public int Port { get; init; } = 8080;

    /// <summary>The longest body of a request.</summary>
    public long MaxBodyBytes { get; init; } = 4 << 20;

    /// <summary>Bytes of bodies that are read and encoded at once; null for four times the longest.</summary>
    public long? BodyBytes { get; init; }

    /// <summary>Names that requests can call the server by, beside those of this machine.</summary>
    public IReadOnlyList<string> AllowedHosts { get; init; } = [];

    /// <summary>Origins whose pages can read answers.</summary>
    public IReadOnlyList<string> CorsOrigins { get; init; } = [];

    /// <summary>What requests must bring; by default nothing.</summary>
    public ApiKey Key { get; init; } = ApiKey.None;

    /// <summary>Whether only this machine can reach the server.</summary>
    public bool IsLoopback => IPAddress.IsLoopback(Address);

    /// <summary>How bodies are taken in.</summary>
    internal BodyIntake Intake(TimeProvider clock) =>
        new(new BodyBudget(BodyBytes ?? BodiesAtOnce * MaxBodyBytes, giveBack: BodyMemory.GiveBack), MaxBodyBytes, clock);

    internal IPAddress Address => IPAddress.TryParse(Host, out IPAddress? address) ? address : Resolve(Host);

    /// <summary>Checks the options.</summary>
    /// <exception cref="ArgumentException">A number is out of range, or the host has no address.</exception>
    public void Validate()
    {
        OptionRanges.Port.Require(Port);
        OptionRanges.MaxBody.Require(MaxBodyBytes);
        if (BodyBytes < MaxBodyBytes)
            throw new ArgumentException($"`BodyBytes` {BodyBytes}: at least one body of `MaxBodyBytes` ({MaxBodyBytes}) must fit in.");
        foreach (string name in AllowedHosts)
            if (Uri.CheckHostName(name.Trim('[', ']')) == UriHostNameType.Unknown)
                throw new ArgumentException($"`AllowedHosts` {name}: a host's name is expected, without a port.");
        _ = new CorsRules(CorsOrigins);
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
            throw new ArgumentException($"`Host` {host}: it has no address here ({e.Message.TrimEnd('.')}).", e);
        }
    }
}
