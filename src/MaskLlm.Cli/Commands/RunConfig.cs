using System.CommandLine;
using System.CommandLine.Parsing;
using System.Text.Json.Nodes;
using MaskLlm.Data;
using MaskLlm.Runs;

namespace MaskLlm.Cli.Commands;

/// <summary>The record of an earlier run as options of a new one: what the command line says itself wins.</summary>
internal static class RunConfig
{
    private const string Name = "--config", Recipe = "--recipe", Batch = "batch-size", MicroBatch = "micro-batch-size",
        Separator = "document-separator";

    // Named relative to the folder that has them, where that is the program's or its cache's.
    private static readonly string[] Paths = ["model", "data", "prior", "mask", "config", "eval-text"];

    internal static Option<string?> Option() => new(Name)
    {
        Description = "The run.json of an earlier run, which is repeated; options that are given here win over it.",
    };

    /// <summary>The arguments with those of the record that --config names; null where it names none.</summary>
    /// <exception cref="ArgumentException">The record is another verb's, or --recipe stands beside it.</exception>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">It is no record, or a damaged one.</exception>
    internal static string[]? Expand(string[] args, ParseResult parsed)
    {
        Command verb = parsed.CommandResult.Command;
        if (Given(parsed, Name) is not { Tokens: [Token { Value: { Length: > 0 } file }] }) return null;
        bool isModelsToo = verb.Options.Single(option => option.Name == Name).Required;
        if (isModelsToo && !RunRecord.IsOne(file)) return null;
        JsonObject record = RunRecord.Read(file), options = record["options"]!.AsObject();
        if (Given(parsed, Recipe) is not null)
            throw new ArgumentException($"{Recipe} changes what {Name} sets; leave one of them out.");
        foreach (string name in new[] { "seed", "threads" })
            if (record[name] is { } value && !options.ContainsKey(name)) options[name] = value.DeepClone();
        List<string> expanded = [.. args];
        if (isModelsToo) Replace(expanded, file, Resolved("config", $"{options["config"]}"));
        foreach ((string name, JsonNode? value) in options)
        {
            if (value is null || IsLeftOut(parsed, name, options)) continue;
            if (name == "model" && verb.Arguments.Count > 0) InsertModel(expanded, parsed, Resolved(name, $"{value}"));
            else Append(expanded, parsed, name, value, file);
        }
        return [.. expanded];
    }

    private static OptionResult? Given(ParseResult parsed, string name) => parsed.CommandResult.Children.OfType<OptionResult>()
        .FirstOrDefault(option => option.Option.Name == name && !option.Implicit);

    // Where nothing was said of it, it was the batch; with another batch it is that one.
    private static bool IsLeftOut(ParseResult parsed, string name, JsonObject options) =>
        name == MicroBatch && Given(parsed, $"--{Batch}") is not null && JsonNode.DeepEquals(options[MicroBatch], options[Batch]);

    private static void Replace(List<string> args, string file, string by)
    {
        int at = args.FindIndex(arg => arg == file || arg == $"{Name}={file}" || arg == $"{Name}:{file}");
        args[at] = args[at] == file ? by : $"{Name}={by}";
    }

    // Before any option that takes many values.
    private static void InsertModel(List<string> args, ParseResult parsed, string model)
    {
        if (parsed.CommandResult.Children.OfType<ArgumentResult>().Any(argument => argument.Tokens.Count > 0)) return;
        args.Insert(args.IndexOf(parsed.CommandResult.Command.Name) + 1, model);
    }

    private static void Append(List<string> args, ParseResult parsed, string name, JsonNode value, string file)
    {
        Command verb = parsed.CommandResult.Command;
        if (verb.Options.All(option => option.Name != $"--{name}"))
            throw new ArgumentException($"{Name} {file}: {verb.Name} has no option --{name}; name the run.json of a run of {verb.Name}.");
        if (Given(parsed, $"--{name}") is not null) return;
        foreach (JsonNode? one in value as JsonArray ?? [value.DeepClone()])
        {
            args.Add($"--{name}");
            args.Add(name == Separator ? DocumentSeparator.Escape($"{one}") : Resolved(name, $"{one}"));
        }
    }

    // As a record names it: from the working folder, or from one of the program's own.
    private static string Resolved(string name, string value)
    {
        if (!Paths.Contains(name) || Path.IsPathFullyQualified(value)) return value;
        string path = name == "data" ? DataSource.Parse(value).Path : value;
        if (Path.Exists(path)) return value;
        foreach (string folder in new[] { AppContext.BaseDirectory, CorpusOptions.DefaultCacheFolder })
            if (Path.Exists(Path.Combine(folder, path))) return Path.Combine(folder, value);
        return value;
    }
}
