using System.CommandLine;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace MaskLlm.Cli.Output;

/// <summary>Messages of the libraries name properties and parameters in backticks, as .NET knows them; here they become options.</summary>
internal sealed partial class OptionNames
{
    // Properties that their option is not called after, and all parameters: other words in small letters are none.
    private static readonly Dictionary<string, string> Others = new(StringComparer.Ordinal)
    {
        ["AllowedHosts"] = "allowed-host",
        ["BodyBytes"] = "max-bodies",
        ["CacheBytes"] = "cache-mb",
        ["ConfigPath"] = "config",
        ["ContextLength"] = "context",
        ["CorsOrigins"] = "cors",
        ["EvalSequenceLength"] = "eval-seq-len",
        ["EvalTexts"] = "eval-text",
        ["HiddenMemoryBytes"] = "hidden-memory",
        ["Key"] = "api-key",
        ["Masks"] = "mask",
        ["MaxBodyBytes"] = "max-body",
        ["SequenceLength"] = "seq-len",
        ["force"] = "force",
        ["map"] = "map",
        ["mask"] = "mask",
        ["masks"] = "mask",
        ["outFolder"] = "out",
        ["target"] = "out",
        ["type"] = "type",
    };

    private readonly Dictionary<string, string> _shown = new(StringComparer.Ordinal);

    private OptionNames()
    {
    }

    /// <summary>Those of a verb first, then those of all others, as a message can tell what another verb should have done.</summary>
    internal static OptionNames Of(ParseResult parsed)
    {
        OptionNames names = new();
        names.Add(parsed.CommandResult.Command);
        names.AddAll(parsed.RootCommandResult.Command);
        return names;
    }

    /// <summary>What the program itself says of its options: all that is named is one.</summary>
    internal static string InAll(string sentence) => Quoted().Replace(sentence, found => OptionOf(found));

    /// <summary>A sentence about one option, where that stands for its property.</summary>
    internal static string InOne(string sentence, string option) =>
        Quoted().Replace(sentence, found => OptionOf(found) == option ? option : found.Value);

    /// <summary>A sentence with options in the place of properties; what no option stands for is left as it is.</summary>
    internal string In(string sentence) => !sentence.Contains('`', StringComparison.Ordinal) ? sentence
        : Quoted().Replace(sentence, found => Find(found.Groups[1].Value) ?? found.Value);

    private string? Find(string name) => char.IsAsciiLetterUpper(name[0]) || Others.ContainsKey(name)
        ? _shown.GetValueOrDefault(Plain(name)) : null;

    private static string OptionOf(Match found) => $"--{Plain(found.Groups[1].Value)}";

    private static string Plain(string property) =>
        Others.TryGetValue(property, out string? other) ? other : JsonNamingPolicy.KebabCaseLower.ConvertName(property);

    private void Add(Command verb)
    {
        foreach (Option option in verb.Options) _shown.TryAdd(option.Name.TrimStart('-'), option.Name);
        foreach (Argument argument in verb.Arguments) _shown.TryAdd(argument.Name.ToLowerInvariant(), argument.Name);
    }

    private void AddAll(Command verb)
    {
        foreach (Option option in verb.Options) _shown.TryAdd(option.Name.TrimStart('-'), option.Name);
        foreach (Command below in verb.Subcommands) AddAll(below);
    }

    [GeneratedRegex("`([A-Za-z]+)`")]
    private static partial Regex Quoted();
}
