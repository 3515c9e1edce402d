using System.CommandLine;
using System.CommandLine.Parsing;
using MaskLlm.Numerals;

namespace MaskLlm.Cli;

/// <summary>What is wrong with the arguments, in one sentence that names what was probably meant.</summary>
internal static class UsageError
{
    /// <summary>The sentence, or null where nothing is wrong.</summary>
    internal static string? Sentence(ParseResult parsed)
    {
        CommandResult command = parsed.CommandResult;
        bool isRoot = command.Command is RootCommand;
        string remedy = $"maskllm {Verb(command)}--help lists what it takes.";
        if (UnknownOption(parsed) is { } option)
            return $"there is no option {option}{NearestName.Hint(option, OptionNames(parsed))}; {remedy}";
        if (isRoot && parsed.UnmatchedTokens.Count > 0)
        {
            string verb = parsed.UnmatchedTokens[0];
            return $"there is no verb {verb}{NearestName.Hint(verb, command.Command.Subcommands.Select(other => other.Name))}; {remedy}";
        }
        if (parsed.Errors.Count > 0) return $"{ParserSentence(parsed.Errors[0])} {remedy}";
        return EmptyValue(parsed) is { } name ? $"{name} is empty; {remedy}" : null;
    }

    // With the verb that it belongs to, and a space.
    private static string Verb(CommandResult command) =>
        command.Command is RootCommand ? "" : $"{(command.Parent is CommandResult parent ? Verb(parent) : "")}{command.Command.Name} ";

    private static string ParserSentence(ParseError error)
    {
        string sentence = string.Join(' ', error.Message.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)).TrimEnd('.');
        return error.SymbolResult is OptionResult option && !sentence.Contains(option.Option.Name, StringComparison.Ordinal)
            ? $"{option.Option.Name}: {sentence}."
            : sentence + ".";
    }

    // Nothing that is named on the command line can be named by nothing.
    private static string? EmptyValue(ParseResult parsed) => parsed.CommandResult.Children
        .Where(child => child.Tokens.Any(token => token.Value.Length == 0))
        .Select(child => child is OptionResult option ? option.Option.Name : ((ArgumentResult)child).Argument.Name)
        .FirstOrDefault();

    // An option that takes many values, and the model too, would swallow a misspelt option as a value.
    private static string? UnknownOption(ParseResult parsed) => parsed.UnmatchedTokens
        .Concat(parsed.CommandResult.Children.OfType<ArgumentResult>().SelectMany(argument => argument.Tokens).Select(token => token.Value))
        .Concat(parsed.CommandResult.Children.OfType<OptionResult>().Where(option => option.Option.Arity.MaximumNumberOfValues > 1)
            .SelectMany(option => option.Tokens).Select(token => token.Value))
        .FirstOrDefault(value => value.Length > 2 && value.StartsWith("--", StringComparison.Ordinal) && char.IsAsciiLetter(value[2]));

    private static IEnumerable<string> OptionNames(ParseResult parsed) =>
        parsed.CommandResult.Command.Options.Concat(parsed.RootCommandResult.Command.Options).Where(option => !option.Hidden)
            .Select(option => option.Name);
}
