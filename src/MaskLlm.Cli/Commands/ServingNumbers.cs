using System.CommandLine;
using MaskLlm.Cli.Serving;
using MaskLlm.Serving;

namespace MaskLlm.Cli.Commands;

/// <summary>Options of <c>maskllm serve</c>: where it listens and how much it takes.</summary>
internal sealed class ServingNumbers
{
    private const long Megabyte = 1 << 20;

    private static readonly ServingOptions Defaults = new();
    private static readonly HttpServerOptions HttpDefaults = new();

    private readonly Option<string> _host = new("--host") { Description = "The address to listen on; 0.0.0.0 for all of this machine.", DefaultValueFactory = _ => HttpDefaults.Host };
    private readonly Option<int> _port = new("--port") { Description = "The port to listen on; 0 for any that is free.", DefaultValueFactory = _ => HttpDefaults.Port };
    private readonly Option<long> _maxBody = new("--max-body") { Description = "The longest body of a request, in bytes.", DefaultValueFactory = _ => HttpDefaults.MaxBodyBytes };
    private readonly Option<int> _parallel = new("--parallel") { Description = "Texts that run together.", DefaultValueFactory = _ => Defaults.Parallel };
    private readonly Option<int> _queue = new("--queue") { Description = "Requests that wait beyond those; more are refused.", DefaultValueFactory = _ => Defaults.Queue };
    private readonly Option<int?> _maxPrompt = new("--max-prompt") { Description = "The longest prompt, in tokens; what the context leaves by default." };
    private readonly Option<int> _maxOutput = new("--max-output") { Description = "The most new tokens of a request.", DefaultValueFactory = _ => Defaults.MaxOutput };
    private readonly Option<int> _cache = new("--cache-mb") { Description = "Memory for keys and values of all texts, in MiB; a request waits until there is room for all of it.", DefaultValueFactory = _ => 2048 };

    internal IReadOnlyList<Option> All => [_host, _port, _parallel, _queue, _maxPrompt, _maxOutput, _maxBody, _cache];

    internal HttpServerOptions Http(ParseResult parsed)
    {
        HttpServerOptions options = new() { Host = parsed.GetValue(_host)!, Port = parsed.GetValue(_port), MaxBodyBytes = parsed.GetValue(_maxBody) };
        options.Validate();
        return options;
    }

    internal ServingOptions Serving(ParseResult parsed)
    {
        ServingOptions options = new()
        {
            Parallel = parsed.GetValue(_parallel),
            Queue = parsed.GetValue(_queue),
            MaxPrompt = parsed.GetValue(_maxPrompt),
            MaxOutput = parsed.GetValue(_maxOutput),
        };
        options.Validate();
        return options;
    }

    internal long CacheBytes(ParseResult parsed) => parsed.GetValue(_cache) is var megabytes and > 0
        ? megabytes * Megabyte
        : throw new ArgumentException($"--cache-mb {parsed.GetValue(_cache)}: at least 1 is needed.");
}
