using System.CommandLine;
using System.Text.Json;

namespace MaskLlm.Cli.Commands;

/// <summary>Options that take one of a few names, and no numbers of them; the first is the default.</summary>
internal static class ChoiceOption
{
    internal static Option<T> Of<T>(string name, string description)
        where T : struct, Enum
    {
        string[] names = [.. Enum.GetValues<T>().Select(NameOf)];
        Option<T> option = new(name)
        {
            Description = $"{description} [default: {names[0]}]",
            CustomParser = result =>
            {
                // Where the option may stand alone.
                if (result.Tokens is not [{ Value: string text }]) return default;
                int index = Array.FindIndex(names, one => one.Equals(text, StringComparison.OrdinalIgnoreCase));
                if (index >= 0) return Enum.GetValues<T>()[index];
                result.AddError($"{name} is \"{text}\"; {string.Join(", ", names)} are known.");
                return default;
            },
        };
        // Those that come by themselves are the names of the code.
        option.CompletionSources.Clear();
        option.CompletionSources.Add(names);
        return option;
    }

    private static string NameOf<T>(T value)
        where T : struct, Enum => JsonNamingPolicy.KebabCaseLower.ConvertName(value.ToString());
}
