using System.Globalization;
using System.Numerics;
using System.Text.Json.Nodes;
using MaskLlm.Numerals;

namespace MaskLlm.Settings;

/// <summary>The kinds of settings that a record has.</summary>
/// <typeparam name="TRecord">The record.</typeparam>
internal static class SettingsOf<TRecord>
{
    /// <summary>A number in a range, which names it.</summary>
    internal static Setting<TRecord> Number<T>(NumberRange<T> range, Func<TRecord, T> get, Func<TRecord, T, TRecord> set,
        string description)
        where T : struct, INumber<T>, IMinMaxValue<T> => new(range.Name, description)
        {
            Value = record => JsonValue.Create(get(record)),
            Change = (record, texts) => set(record, Read(range, texts)),
            Check = record => range.Require(get(record)),
        };

    /// <summary>A number that another one stands in for where it is not set.</summary>
    internal static Setting<TRecord> Optional<T>(NumberRange<T> range, Func<TRecord, T?> get, Func<TRecord, T> otherwise,
        Func<TRecord, T, TRecord> set, string description)
        where T : struct, INumber<T>, IMinMaxValue<T> => Number(range, record => get(record) ?? otherwise(record), set, description) with
        {
            IsOptional = true,
            Check = record => range.Require(get(record)),
        };

    /// <summary>On or off.</summary>
    internal static Setting<TRecord> Flag(string name, Func<TRecord, bool> get, Func<TRecord, bool, TRecord> set, string description) =>
        new(name, description)
        {
            Form = SettingForm.Flag,
            Value = record => get(record),
            Change = (record, texts) => set(record, texts.Count == 0 || bool.Parse(texts[0])),
        };

    /// <summary>One of a few values that have names: their own in small letters, if none are given.</summary>
    internal static Setting<TRecord> Choice<T>(string name, Func<TRecord, T> get, Func<TRecord, T, TRecord> set, string description,
        Func<string, string>? named = null)
        where T : struct, Enum
    {
        string Named(T value) => named is null ? value.ToString().ToLowerInvariant() : named(value.ToString());
        string[] names = [.. Enum.GetValues<T>().Select(Named)];
        return new(name, description)
        {
            Choices = names,
            Value = record => Named(get(record)),
            Change = (record, texts) =>
            {
                int at = Array.FindIndex(names, known => known.Equals(texts[0], StringComparison.OrdinalIgnoreCase));
                return at < 0
                    ? throw new ArgumentException(
                        $"{PropertyNames.Quoted(name)} is \"{texts[0]}\"; {string.Join(", ", names)} are known.")
                    : set(record, Enum.GetValues<T>()[at]);
            },
        };
    }

    /// <summary>A value that is written as its text.</summary>
    internal static Setting<TRecord> Text<T>(string name, Func<TRecord, T> get, Func<TRecord, T, TRecord> set, Func<string, T> parse,
        string description)
        where T : notnull => new(name, description)
        {
            Value = record => string.Create(CultureInfo.InvariantCulture, $"{get(record)}"),
            Change = (record, texts) => set(record, parse(texts[0])),
        };

    /// <summary>Several names.</summary>
    internal static Setting<TRecord> Names(string name, Func<TRecord, IReadOnlyList<string>> get,
        Func<TRecord, IReadOnlyList<string>, TRecord> set, string description) => new(name, description)
        {
            Form = SettingForm.Many,
            Value = record => new JsonArray([.. get(record).Select(one => (JsonNode)one)]),
            Change = set,
        };

    /// <summary>Settings that are found under a heading.</summary>
    internal static IEnumerable<Setting<TRecord>> Under(string heading, params IEnumerable<Setting<TRecord>> settings) =>
        settings.Select(setting => setting with { Heading = heading });

    private static T Read<T>(NumberRange<T> range, IReadOnlyList<string> texts)
        where T : struct, INumber<T>, IMinMaxValue<T> =>
        range.Read(texts[0], out T value) is { } fault ? throw new ArgumentException(fault) : value;
}
