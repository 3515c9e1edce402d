using System.CommandLine;
using MaskLlm.Numerals;
using MaskLlm.Serving;
using MaskLlm.Serving.Http;

namespace MaskLlm.Cli.Commands;

/// <summary>Options of <c>maskllm serve</c>: where it listens and how much it takes.</summary>
internal sealed class ServingNumbers
{
    private const long Megabyte = 1 << 20;

    private static readonly ServingOptions Defaults = new();
    private static readonly HttpServerOptions HttpDefaults = new();

    private readonly Option<string> _host = new("--host")
    {
        Description = "The address to listen on; 0.0.0.0 for all of this machine.",
        DefaultValueFactory = _ => HttpDefaults.Host
    };
    private readonly Option<int> _port = NumberOption.Of(OptionRanges.Port, HttpDefaults.Port,
        "The port to listen on; 0 for any that is free.");
    private readonly Option<long> _maxBody = NumberOption.Of(OptionRanges.MaxBody, HttpDefaults.MaxBodyBytes,
        "The longest body of a request, in bytes.");
    private readonly Option<long?> _maxBodies = NumberOption.Optional(OptionRanges.MaxBodies,
        "Bodies that are read and encoded at once, in bytes; more are refused. Four times --max-body by default.");
    private readonly Option<string[]> _allowedHosts = Names("--allowed-host",
        "Another name that requests call this server by, as behind a proxy; can be given again.");
    private readonly Option<string[]> _cors = Names("--cors",
        "An origin, such as http://localhost:5173, whose pages can ask and read answers, or * for all; can be given again. None by default.");
    private readonly Option<int> _parallel = NumberOption.Of(OptionRanges.Parallel, Defaults.Parallel, "Texts that run together.");
    private readonly Option<int> _queue = NumberOption.Of(OptionRanges.Queue, Defaults.Queue,
        "Requests that wait beyond those; more are refused.");
    private readonly Option<int?> _maxPrompt = NumberOption.Optional(OptionRanges.MaxPrompt,
        "The longest prompt, in tokens; what the context leaves by default.");
    private readonly Option<int> _maxOutput = NumberOption.Of(OptionRanges.MaxOutput, Defaults.MaxOutput,
        "The most new tokens of a request.");
    private readonly Option<int> _cache = NumberOption.Of(OptionRanges.CacheMegabytes, 2048,
        "Memory for keys and values of all texts, in MiB; a request waits until there is room for all of it.");

    internal IReadOnlyList<Option> All =>
        [_host, _port, _parallel, _queue, _maxPrompt, _maxOutput, _maxBody, _maxBodies, _cache, _allowedHosts, _cors];

    internal HttpServerOptions Http(ParseResult parsed)
    {
        HttpServerOptions options = new()
        {
            Host = parsed.GetValue(_host)!,
            Port = parsed.GetValue(_port),
            MaxBodyBytes = parsed.GetValue(_maxBody),
            BodyBytes = parsed.GetValue(_maxBodies),
            AllowedHosts = parsed.GetValue(_allowedHosts) ?? [],
            CorsOrigins = parsed.GetValue(_cors) ?? [],
        };
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

    // One value each time: the model may come after.
    private static Option<string[]> Names(string name, string description) =>
        new(name) { Description = description, Arity = ArgumentArity.OneOrMore };

    internal long CacheBytes(ParseResult parsed) => parsed.GetValue(_cache) * Megabyte;
}
