using System.CommandLine;
using System.CommandLine.Parsing;
using System.Text.Json.Nodes;
using MaskLlm.Cli.Output;
using MaskLlm.Settings;

namespace MaskLlm.Cli.Commands;

/// <summary>Settings of a record as options of a verb.</summary>
/// <param name="settings">Which.</param>
/// <param name="usual">The record that help shows the values of.</param>
internal sealed class SettingOptions<TRecord>(IEnumerable<Setting<TRecord>> settings, TRecord usual)
{
    private readonly IReadOnlyList<(Setting<TRecord> Setting, Option Option)> _options =
        [.. settings.Select(setting => (setting, OptionOf(setting, usual)))];

    internal IEnumerable<Option> All => _options.Select(option => option.Option);

    /// <summary>Those that people use first.</summary>
    internal IReadOnlyList<Option> First => [.. _options.Where(option => option.Setting.Heading is null).Select(option => option.Option)];

    /// <summary>The others under headings.</summary>
    internal IEnumerable<(string Heading, IReadOnlyList<Option> Options)> Headings => _options
        .Where(option => option.Setting.Heading is not null)
        .GroupBy(option => option.Setting.Heading!, option => option.Option)
        .Select(group => (group.Key, (IReadOnlyList<Option>)[.. group]));

    /// <summary>A record with what the command line sets itself.</summary>
    internal TRecord Read(ParseResult parsed, TRecord record)
    {
        foreach ((Setting<TRecord> setting, Option option) in _options)
            if (parsed.GetResult(option) is { Implicit: false } given) record = setting.With(record, Texts(given.Tokens));
        return record;
    }

    private static Option OptionOf(Setting<TRecord> setting, TRecord usual) => setting.Form switch
    {
        SettingForm.Flag => new Option<bool>($"--{setting.Name}")
        {
            Description = OptionNames.InAll(setting.Description),
            DefaultValueFactory = _ => setting.ToJson(usual)!.GetValue<bool>(),
        },
        SettingForm.Many => new Option<string[]>($"--{setting.Name}")
        {
            Description = OptionNames.InAll(setting.Description),
            AllowMultipleArgumentsPerToken = true,
        },
        _ => Value(setting, usual),
    };

    private static Option<string> Value(Setting<TRecord> setting, TRecord usual)
    {
        Option<string> option = new($"--{setting.Name}")
        {
            Description = OptionNames.InAll(setting.Description),
            CustomParser = result => Checked(setting, usual, result),
        };
        if (!setting.IsOptional) option.DefaultValueFactory = _ => Shown(setting.ToJson(usual));
        if (setting.Choices.Count > 0) option.CompletionSources.Add([.. setting.Choices]);
        return option;
    }

    // What the setting takes is known to itself; here it is only asked.
    private static string? Checked(Setting<TRecord> setting, TRecord usual, ArgumentResult result)
    {
        string text = result.Tokens.Count == 1 ? result.Tokens[0].Value : "";
        try
        {
            setting.With(usual, [text]);
        }
        catch (ArgumentException e)
        {
            result.AddError(OptionNames.InOne(e.Message, $"--{setting.Name}"));
        }
        return text;
    }

    private static string Shown(JsonNode? value) => value is JsonValue number && number.TryGetValue(out double shown)
        ? FormattableString.Invariant($"{shown}") : $"{value}";

    private static IReadOnlyList<string> Texts(IReadOnlyList<Token> tokens) => [.. tokens.Select(token => token.Value)];
}
