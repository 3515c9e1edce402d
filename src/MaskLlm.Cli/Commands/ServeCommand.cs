using System.CommandLine;
using MaskLlm.Decoding;
using MaskLlm.Serving;
using MaskLlm.Serving.Http;

namespace MaskLlm.Cli.Commands;

/// <summary><c>maskllm serve</c>.</summary>
internal static class ServeCommand
{
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(10);

    internal static Command Create(CancellationToken stop)
    {
        RuntimeModelOptions models = new();
        ServingNumbers numbers = new();
        Option<string?> name = new("--name") { Description = "What requests call the model; by default the file's or folder's name." };
        Option<bool> withoutKey = new("--without-key")
        {
            Description = "Ask for no key although other machines can reach the server "
            + "(--host)."
        };
        Option<string?> key = new("--api-key")
        {
            Description = $"Requests must bring this key; {ApiKey.Variable} in the environment "
            + $"does the same and shows in no list of processes."
        };
        Command command = new("serve",
            "Answer requests over HTTP as OpenAI's API does, many at once, on this machine's CPU.") { models.Model };
        foreach (Option option in models.All.Concat(numbers.All).Append(name).Append(key).Append(withoutKey)) command.Options.Add(option);
        command.SetAction(parsed =>
        {
            (HttpServerOptions http, ServingOptions serving) = (numbers.Http(parsed), numbers.Serving(parsed));
            http = http with { Key = ApiKey.Of(parsed.GetValue(key), Environment.GetEnvironmentVariable(ApiKey.Variable)) };
            if (!http.Key.IsAsked && !http.IsLoopback && !parsed.GetValue(withoutKey))
                throw new ArgumentException(
                    $"--host {http.Host}: other machines can reach the server and it asks for no key; set {ApiKey.Variable}, or say "
                        + $"--without-key.");
            using RuntimeModel model = models.Open(parsed, stop);
            RuntimeDecoderOptions decoder = models.DecoderOptions(parsed) with { CacheBytes = numbers.CacheBytes(parsed) };
            using TextService service = new(model, serving, decoder, parsed.GetValue(name));
            TextWriter error = parsed.InvocationConfiguration.Error;
            using HttpServer server = new(service, http, error);
            if (service.ChatProblem is { } problem)
                error.WriteLine($"warning: {problem} Completions are served; a chat that needs this is refused.");
            TextWriter output = parsed.InvocationConfiguration.Output;
            output.WriteLine($"{server.Start()} serves {service.Name} ({service.Kernel}, {service.Threads} threads)");
            output.Flush();
            stop.WaitHandle.WaitOne();
            bool allFinished = service.Stop(Grace);
            server.Stop();
            return allFinished ? ExitCode.Done : ExitCode.Interrupted;
        });
        return command;
    }
}
