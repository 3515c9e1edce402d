using System.CommandLine;
using MaskLlm.Chat;
using MaskLlm.Decoding;
using MaskLlm.Serving;
using MaskLlm.Serving.Http;
using MaskLlm.Tokens;

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
        Option<bool> withoutKey = new("--without-key") { Description = "Ask for no key although other machines can reach the server (--host)." };
        Option<string?> key = new(ApiKey.Option) { Description = $"Requests must bring this key; {ApiKey.Variable} in the environment does the same and shows in no list of processes." };
        Command command = new("serve", "Answer requests over HTTP as OpenAI's API does, many at once, on this machine's CPU.") { models.Model };
        foreach (Option option in models.All.Concat(numbers.All).Append(name).Append(key).Append(withoutKey)) command.Options.Add(option);
        command.SetAction(parsed =>
        {
            (HttpServerOptions http, ServingOptions serving, long cacheBytes) = (numbers.Http(parsed), numbers.Serving(parsed), numbers.CacheBytes(parsed));
            ApiKey asked = ApiKey.Of(parsed.GetValue(key), Environment.GetEnvironmentVariable(ApiKey.Variable));
            if (!asked.IsAsked && !http.IsLoopback && !parsed.GetValue(withoutKey))
                throw new ArgumentException($"--host {http.Host}: other machines can reach the server and it asks for no key; set {ApiKey.Variable}, or say --without-key.");
            using RuntimeModel model = models.Open(parsed, stop);
            using RuntimeDecoder decoder = new(model, DecoderOptions(models.DecoderOptions(parsed), serving, cacheBytes));
            Tokenizer tokenizer = model.LoadTokenizer();
            TextBatch batch = new(decoder, tokenizer, tokenizer.EndOfTextIds, serving);
            using ServingLoop loop = new(batch);
            ChatFormat? chat = ChatFormat.Read(model.File, tokenizer.SpecialTokens);
            ServedModel served = new(parsed.GetValue(name) ?? NameOf(parsed.GetValue(models.Model)!), tokenizer, chat, batch, () => decoder.FreePositions);
            RequestGuard guard = new(asked, new HostNames(http, asked.IsAsked), new CorsRules(http.CorsOrigins));
            using HttpServer server = new(new Router(served, guard, http.Intake(TimeProvider.System), parsed.InvocationConfiguration.Error), http);
            if (chat?.Problem is { } problem) parsed.InvocationConfiguration.Error.WriteLine($"warning: {problem} Completions are served; a chat that needs this is refused.");
            TextWriter output = parsed.InvocationConfiguration.Output;
            output.WriteLine($"{server.Start()} serves {served.Name} ({decoder.Kernel}, {decoder.Threads} threads)");
            output.Flush();
            stop.WaitHandle.WaitOne();
            bool allFinished = loop.Stop(Grace);
            server.Stop();
            return allFinished ? ExitCode.Done : ExitCode.Interrupted;
        });
        return command;
    }

    // A text that runs needs one token of the batch; the rest is for prompts.
    private static RuntimeDecoderOptions DecoderOptions(RuntimeDecoderOptions options, ServingOptions serving, long cacheBytes) =>
        options with { TokensAtOnce = Math.Max(options.TokensAtOnce, 2 * serving.Parallel), CacheBytes = cacheBytes };

    private static string NameOf(string model)
    {
        string path = Path.TrimEndingDirectorySeparator(Path.GetFullPath(model));
        return Directory.Exists(path) ? Path.GetFileName(path) : Path.GetFileNameWithoutExtension(path);
    }
}
