using System.Text;
using System.Text.Json.Nodes;

namespace MaskLlm.Cli.Tests;

/// <summary><c>maskllm serve</c> on the tiny model, with a real Kestrel on a free port.</summary>
internal sealed class RunningServer : IDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly SharedWriter _output = new(), _error = new();
    private readonly Task<int> _run;

    private RunningServer(string[] args) => _run = Task.Factory.StartNew(
        () => CommandLine.Run(args, TextWriter.Synchronized(_output), TextWriter.Synchronized(_error), _stop.Token), CancellationToken.None,
            TaskCreationOptions.LongRunning, TaskScheduler.Default);

    internal HttpClient Client { get; } = new() { Timeout = TimeSpan.FromMinutes(2) };

    internal string FirstLine { get; private set; } = "";

    internal string Errors => _error.ToString();

    internal static Task<RunningServer> Start(params string[] options) => StartOn(TinyModel.Folder, options);

    /// <summary>The tiny model under another name.</summary>
    internal static Task<RunningServer> StartAs(string name) => Listening(TinyModel.Folder, name);

    internal static Task<RunningServer> StartOn(string model, params string[] options) => Listening(model, "tiny", options);

    private static async Task<RunningServer> Listening(string model, string name, params string[] options)
    {
        RunningServer server = new(["serve", model, "--port", "0", "--threads", "2", "--name", name, .. options]);
        await Task.WhenAny(server._output.FirstLine, server._run);
        Assert.True(server._output.FirstLine.IsCompleted, server.Errors);
        server.FirstLine = await server._output.FirstLine;
        server.Client.BaseAddress = new Uri(server.FirstLine.Split(' ')[0]);
        return server;
    }

    /// <summary>As Ctrl-C does.</summary>
    internal async Task<int> Stop()
    {
        await _stop.CancelAsync();
        return await _run;
    }

    internal Task<HttpResponseMessage> Post(string path, string body) =>
        Client.PostAsync(path, new StringContent(body, Encoding.UTF8, "application/json"), TestContext.Current.CancellationToken);

    internal async Task<JsonNode> PostJson(string path, string body)
    {
        using HttpResponseMessage response = await Post(path, body);
        string text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.True(response.IsSuccessStatusCode, text);
        return JsonNode.Parse(text)!;
    }

    /// <summary>The events of a stream; the last is [DONE].</summary>
    internal async Task<JsonNode[]> PostStream(string path, string body)
    {
        using HttpResponseMessage response = await Post(path, body);
        string text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.Equal("text/event-stream", response.Content.Headers.ContentType!.MediaType);
        string[] events = text.Split("\n\n", StringSplitOptions.RemoveEmptyEntries);
        Assert.All(events, line => Assert.StartsWith("data: ", line, StringComparison.Ordinal));
        Assert.Equal("data: [DONE]", events[^1]);
        return [.. events[..^1].Select(line => JsonNode.Parse(line[6..])!)];
    }

    internal Task<string> Get(string path) => Client.GetStringAsync(path, TestContext.Current.CancellationToken);

    public void Dispose()
    {
        _stop.Cancel();
        _run.Wait();
        Client.Dispose();
        _stop.Dispose();
    }
}
