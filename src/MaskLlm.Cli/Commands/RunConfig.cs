using System.CommandLine;
using System.CommandLine.Parsing;
using System.Text.Json.Nodes;
using MaskLlm.Data;
using MaskLlm.Runs;

namespace MaskLlm.Cli.Commands;

/// <summary>The record of an earlier run as options of a new one: what the command line says itself wins.</summary>
internal static class RunConfig
{
    private const string Name = "--config", Recipe = "--recipe", Separator = "document-separator", Experiment = "experiment";

    // Named relative to the folder that has them, where that is the program's or its cache's.
    private static readonly string[] Paths = ["model", "data", "prior", "mask", "config", "eval-text", "domains", "tasks", "task-data"];

    // Where nothing was said of the first, it was the second; with another second it is that one.
    private static readonly Dictionary<string, string> Followers = new(StringComparer.Ordinal)
    {
        ["micro-batch-size"] = "batch-size",
        ["eval-seq-len"] = "seq-len",
    };

    internal static Option<string?> Option(string record = "run.json of an earlier run") => new(Name)
    {
        Description = $"The {record}, which is repeated; options that are given here win over it.",
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
        if (Given(parsed, Recipe) is not null)
            throw new ArgumentException($"{Recipe} changes what {Name} sets; leave one of them out.");
        JsonObject record = RunRecord.Read(file), options = Options(record);
        if (options.ContainsKey(Experiment) != (verb.Name == Experiment)
            || (record[RunRecord.VerbKey] is { } made && $"{made}" != verb.Name))
            throw new ArgumentException($"{Name} {file}: not the record of {verb.Name}; name {RecordOf(verb)}.");
        List<string> expanded = [.. args];
        string[] missing = [.. parsed.CommandResult.Children.OfType<ArgumentResult>().Where(argument => argument.Tokens.Count == 0)
            .Select(argument => KeyOf(argument.Argument))];
        if (isModelsToo) Replace(expanded, file, Resolved("config", $"{options["config"]}"));
        foreach ((string name, JsonNode? value) in options)
        {
            if (value is null || IsLeftOut(parsed, name, options)) continue;
            if (verb.Arguments.All(argument => KeyOf(argument) != name)) Append(expanded, parsed, name, value, file);
        }
        // Last, so that no option that takes many values takes them, and after those that are given.
        return [.. expanded, "--", .. missing.Where(options.ContainsKey).Select(name => Resolved(name, $"{options[name]}"))];
    }

    // An experiment has a part of its options, and what a run has under them, beside them.
    private static JsonObject Options(JsonObject record)
    {
        JsonObject options = record["options"]!.AsObject();
        foreach ((string name, JsonNode? value) in record)
            if ((name is "seed" or "threads" || record.ContainsKey(Experiment) && value is not JsonObject) && !options.ContainsKey(name))
                options[name] = value?.DeepClone();
        return options;
    }

    private static string KeyOf(Argument argument) => argument.Name == "NAME" ? Experiment : argument.Name.ToLowerInvariant();

    private static string RecordOf(Command verb) =>
        verb.Name == Experiment ? "the experiment.json of an experiment" : $"the run.json of a run of {verb.Name}";

    private static OptionResult? Given(ParseResult parsed, string name) => parsed.CommandResult.Children.OfType<OptionResult>()
        .FirstOrDefault(option => option.Option.Name == name && !option.Implicit);

    private static bool IsLeftOut(ParseResult parsed, string name, JsonObject options) => Followers.TryGetValue(name, out string? leader)
        && Given(parsed, $"--{leader}") is not null && JsonNode.DeepEquals(options[name], options[leader]);

    private static void Replace(List<string> args, string file, string by)
    {
        int at = args.FindIndex(arg => arg == file || arg == $"{Name}={file}" || arg == $"{Name}:{file}");
        args[at] = args[at] == file ? by : $"{Name}={by}";
    }

    private static void Append(List<string> args, ParseResult parsed, string name, JsonNode value, string file)
    {
        Command verb = parsed.CommandResult.Command;
        if (verb.Options.All(option => option.Name != $"--{name}"))
            throw new ArgumentException($"{Name} {file}: {verb.Name} has no option --{name}; name {RecordOf(verb)}.");
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
