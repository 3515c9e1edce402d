using System.CommandLine;
using System.Text.Json;

namespace MaskLlm.Cli.Commands;

/// <summary>Options that take one of a few names, and no numbers of them.</summary>
internal static class ChoiceOption
{
    /// <param name="name">With its dashes.</param>
    /// <param name="usual">Where the option is not given.</param>
    /// <param name="description">For the help.</param>
    /// <param name="alone">Where it is given without a value; null where that is none.</param>
    internal static Option<T> Of<T>(string name, T usual, string description, T? alone = null)
        where T : struct, Enum => new(name)
        {
            Description = description,
            Arity = alone is null ? ArgumentArity.ExactlyOne : ArgumentArity.ZeroOrOne,
            DefaultValueFactory = _ => usual,
            CustomParser = result =>
            {
                if (result.Tokens.Count == 0 && alone is { } given) return given;
                string text = result.Tokens.Count == 1 ? result.Tokens[0].Value : "";
                foreach (T value in Enum.GetValues<T>())
                    if (NameOf(value).Equals(text, StringComparison.OrdinalIgnoreCase)) return value;
                result.AddError($"{name} is \"{text}\"; {string.Join(", ", Enum.GetValues<T>().Select(NameOf))} are known.");
                return usual;
            },
        };

    private static string NameOf<T>(T value)
        where T : struct, Enum => JsonNamingPolicy.KebabCaseLower.ConvertName(value.ToString());
}
