using System.IO.Pipelines;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;

namespace MaskLlm.Serving.Http;

/// <summary>
/// Tells a client that only sends no more from one that is gone. Kestrel takes the end of what a client sends for its end, but some
/// shut down their sending side after the request and wait for the answer.
/// </summary>
/// <remarks>
/// A client that closed its connection looks the same until something is sent to it, which its machine answers with a reset. So who
/// answers sends something now and then (<see cref="IsSilent"/>) and asks again (<see cref="Check"/>).
/// </remarks>
internal sealed class ClientLifetime : IDisposable
{
    private readonly ConnectionContext _connection;
    private readonly Socket? _socket;
    private readonly CancellationTokenSource _gone = new();
    private readonly CancellationTokenRegistration _ended;

    private ClientLifetime(ConnectionContext connection)
    {
        (_connection, _socket) = (connection, connection.Features.Get<IConnectionSocketFeature>()?.Socket);
        CancellationToken ended = connection.ConnectionClosed;
        connection.ConnectionClosed = _gone.Token;
        connection.Features.Set(this);
        connection.Transport = new Pipes(new PatientReader(connection.Transport.Input), connection.Transport.Output);
        _ended = ended.Register(() =>
        {
            IsSilent = true;
            Check();
        });
    }

    /// <summary>Whether the client sends no more.</summary>
    internal bool IsSilent { get; private set; }

    /// <summary>Ends the requests of a client that is gone.</summary>
    internal void Check()
    {
        if (!IsSilent || IsThere()) return;
        try
        {
            _gone.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // The connection is over.
        }
    }

    /// <summary>Puts it round a connection, before HTTP.</summary>
    internal static Func<ConnectionDelegate, ConnectionDelegate> Middleware { get; } = next => async connection =>
    {
        using ClientLifetime lifetime = new(connection);
        await next(connection);
    };

    public void Dispose()
    {
        _ended.Dispose();
        _gone.Dispose();
    }

    private sealed record Pipes(PipeReader Input, PipeWriter Output) : IDuplexPipe;

    // Sending nothing fails on a connection that was reset.
    private bool IsThere()
    {
        if (_socket is null) return false;
        try
        {
            _socket.Send(ReadOnlySpan<byte>.Empty, SocketFlags.None, out SocketError error);
            return error == SocketError.Success;
        }
        catch (ObjectDisposedException)
        {
            return false;
        }
    }
}
