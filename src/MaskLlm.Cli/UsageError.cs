using System.CommandLine;
using System.CommandLine.Parsing;

namespace MaskLlm.Cli;

/// <summary>What is wrong with the arguments, in one sentence that names what was probably meant.</summary>
internal static class UsageError
{
    /// <summary>The sentence, or null where nothing is wrong.</summary>
    internal static string? Sentence(ParseResult parsed)
    {
        CommandResult command = parsed.CommandResult;
        bool isRoot = command.Command is RootCommand;
        string remedy = $"maskllm {(isRoot ? "" : command.Command.Name + " ")}--help lists what it takes.";
        if (UnknownOption(parsed) is { } option)
            return $"there is no option {option}{Nearest(option, OptionNames(parsed))}; {remedy}";
        if (isRoot && parsed.UnmatchedTokens.Count > 0)
            return $"there is no verb {parsed.UnmatchedTokens[0]}{Nearest(parsed.UnmatchedTokens[0], command.Command.Subcommands.Select(verb => verb.Name))}; {remedy}";
        if (parsed.Errors.Count > 0) return $"{ParserSentence(parsed.Errors[0])} {remedy}";
        return EmptyValue(parsed) is { } name ? $"{name} is empty; {remedy}" : null;
    }

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
        .Concat(parsed.CommandResult.Children.OfType<OptionResult>().Where(option => option.Option.Arity.MaximumNumberOfValues > 1).SelectMany(option => option.Tokens).Select(token => token.Value))
        .FirstOrDefault(value => value.Length > 2 && value.StartsWith("--", StringComparison.Ordinal) && char.IsAsciiLetter(value[2]));

    private static IEnumerable<string> OptionNames(ParseResult parsed) =>
        parsed.CommandResult.Command.Options.Concat(parsed.RootCommandResult.Command.Options).Where(option => !option.Hidden).Select(option => option.Name);

    /// <summary>Longer words are no misspelt name.</summary>
    internal const int LongestName = 64;

    /// <summary>What was probably meant, in brackets; empty where nothing is near.</summary>
    internal static string Nearest(string word, IEnumerable<string> known)
    {
        string? nearest = known.Where(name => Distance(word, name) <= Math.Max(2, word.Length / 4)).MinBy(name => Distance(word, name));
        return nearest is null ? "" : $" (did you mean {nearest}?)";
    }

    /// <summary>Letters to insert, remove or replace to get from one word to the other (Levenshtein).</summary>
    private static int Distance(string from, string to)
    {
        int[] row = [.. Enumerable.Range(0, to.Length + 1)];
        for (int i = 1; i <= from.Length; i++)
        {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= to.Length; j++)
            {
                int replaced = diagonal + (from[i - 1] == to[j - 1] ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.Min(replaced, Math.Min(row[j], row[j - 1]) + 1);
            }
        }
        return row[to.Length];
    }
}
