using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace MaskLlm.Serving.Http;

/// <summary>A server of its own for a <see cref="TextService"/>.</summary>
public sealed class HttpServer : IDisposable
{
    // For answers that are complete to leave, after the texts have ended.
    private static readonly TimeSpan LeavingTime = TimeSpan.FromSeconds(5);

    // Above the longest line and headers that Kestrel takes.
    private const long RequestBufferBytes = 64 << 10;

    private readonly WebApplication _application;

    /// <summary>Prepares the server; it listens from <see cref="Start"/> on.</summary>
    /// <param name="service">Answers; the caller disposes it, after the server.</param>
    /// <param name="options">Where it listens, who may ask, and how long a body can be.</param>
    /// <param name="error">Told of the server's own failures.</param>
    /// <exception cref="ArgumentException">An option is out of range.</exception>
    public HttpServer(TextService service, HttpServerOptions options, TextWriter error)
    {
        ArgumentNullException.ThrowIfNull(service);
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        RequestGuard guard = new(options.Key, new HostNames(options, options.Key.IsAsked), new CorsRules(options.CorsOrigins));
        Router router = new(service.Served, guard, options.Intake(TimeProvider.System), error);
        WebApplicationBuilder builder =
            WebApplication.CreateSlimBuilder(new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory });
        builder.Configuration.Sources.Clear();
        builder.Logging.ClearProviders();
        builder.Services.AddSingleton<IHostLifetime, NoLifetime>();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = options.MaxBodyBytes;
            // What is not asked for yet waits with the client, not here.
            kestrel.Limits.MaxRequestBufferSize = RequestBufferBytes;
            kestrel.Listen(options.Address, options.Port, listen =>
            {
                listen.Protocols = HttpProtocols.Http1;
                listen.Use(ClientLifetime.Middleware);
            });
        });
        _application = builder.Build();
        _application.Run(router.Answer);
    }

    /// <summary>Listens.</summary>
    /// <returns>The address, with the port that was free where none was asked for.</returns>
    /// <exception cref="IOException">The port is taken.</exception>
    public string Start()
    {
        _application.StartAsync().GetAwaiter().GetResult();
        return _application.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
    }

    /// <summary>Listens no more; answers that are being sent have some seconds.</summary>
    public void Stop()
    {
        using CancellationTokenSource limit = new(LeavingTime);
        try
        {
            _application.StopAsync(limit.Token).GetAwaiter().GetResult();
        }
        catch (OperationCanceledException)
        {
        }
    }

    /// <summary>Ends what is left.</summary>
    public void Dispose() => ((IDisposable)_application).Dispose();

    /// <summary>Signals are the command line's business.</summary>
    private sealed class NoLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
