using System.CommandLine;
using System.Text.Json;

namespace MaskLlm.Cli.Commands;

/// <summary>Options that take one of a few names, and no numbers of them.</summary>
internal static class ChoiceOption
{
    internal static Option<T> Of<T>(string name, T usual, string description)
        where T : struct, Enum => new(name)
        {
            Description = description,
            DefaultValueFactory = _ => usual,
            CustomParser = result =>
            {
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
