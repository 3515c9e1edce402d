using System.Net.Sockets;
using System.Text;

namespace MaskLlm.Cli.Tests;

/// <summary>A client that says exactly what a test wants.</summary>
internal sealed class RawClient : IDisposable
{
    private readonly TcpClient _client = new();
    private readonly NetworkStream _stream;

    internal RawClient(RunningServer server)
    {
        Uri address = server.Client.BaseAddress!;
        _client.Connect(address.Host, address.Port);
        _stream = _client.GetStream();
    }

    internal Socket Socket => _client.Client;

    internal async Task Send(string text) => await _stream.WriteAsync(Encoding.UTF8.GetBytes(text), TestContext.Current.CancellationToken);

    internal Task SendJson(string path, string body, string more = "") =>
        Send($"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: "
            + $"{Encoding.UTF8.GetByteCount(body)}\r\n{more}\r\n{body}");

    /// <summary>All that comes until the server closes.</summary>
    internal async Task<string> ReadAll()
    {
        using StreamReader reader = new(_stream, Encoding.UTF8);
        return await reader.ReadToEndAsync(TestContext.Current.CancellationToken);
    }

    /// <summary>The answer to one request without a body to read.</summary>
    internal async Task<string> Ask(string text)
    {
        await Send(text.Replace("\n", "\r\n", StringComparison.Ordinal));
        Socket.Shutdown(SocketShutdown.Send);
        return await ReadAll();
    }

    public void Dispose() => _client.Dispose();
}
