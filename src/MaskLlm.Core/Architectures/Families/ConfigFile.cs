using System.Text.Json;
using MaskLlm.Json;

namespace MaskLlm.Architectures.Families;

/// <summary>A parsed <c>config.json</c>: its readers say which key of which file is wrong, and hold numbers against their range.</summary>
internal sealed class ConfigFile
{
    private readonly JsonValue _root;

    internal ConfigFile(string path)
        : this(JsonValue.Read(path), [])
    {
    }

    internal ConfigFile(string name, ReadOnlyMemory<byte> json)
        : this(JsonValue.Parse(name, json), [])
    {
    }

    private ConfigFile(JsonValue root, List<string> notes) => (_root, Notes) = (root, notes);

    /// <summary>The file, and for an object in it the way there.</summary>
    internal string Where => _root.Key.Length == 0 ? $"{_root.File}: " : $"{_root.File}: {_root.Key}.";

    /// <summary>Sentences on what is there and not followed.</summary>
    internal List<string> Notes { get; }

    /// <summary>Whether the key is there with a value.</summary>
    internal bool Has(string key) => _root.Has(key);

    /// <summary>Whether the key is there, even with null: which is not what transformers puts for a key that is not.</summary>
    internal bool Names(string key) => _root.Names(key);

    /// <summary>Whether the object holds anything.</summary>
    internal bool IsEmpty => !_root.Members().Any();

    /// <summary>A size that every checkpoint has.</summary>
    internal int Int(string key) => Value(key) is { } value ? Ranged(key, value.Int()) : throw Missing(key);

    /// <summary>A number that has a default where it is absent; null is none.</summary>
    internal int Int(string key, int absent) => Ranged(key, Names(key) ? Required(key).Int() : absent);

    /// <summary>A number that is one thing where the key is absent and another where it is null.</summary>
    internal int? Int(string key, int? absent, int? ifNull) =>
        Value(key) is { } value ? Ranged(key, value.Int()) : Names(key) ? ifNull : absent;

    /// <summary>The value of a key; null where it is absent or null.</summary>
    internal JsonValue? Value(string key) => _root.Member(key);

    /// <summary>A number that must be there.</summary>
    internal double Double(string key) => Value(key) is { } value ? Ranged(key, value.Number()) : throw Missing(key);

    /// <summary>A number; null where the file has none or null.</summary>
    internal double? DoubleOrNull(string key) => Value(key) is { } value ? Ranged(key, value.Number()) : null;

    /// <summary>Numbers of a list, or null.</summary>
    internal IReadOnlyList<double>? Doubles(string key) => Value(key)?.Items().Select(item => Ranged(key, item.Number())).ToList();

    /// <summary>A number that has a default where it is absent; null is none.</summary>
    internal double Double(string key, double absent) => Ranged(key, Names(key) ? Required(key).Number() : absent);

    /// <summary>A flag; null counts as false, as it does in Python.</summary>
    internal bool Bool(string key, bool absent = false) => Value(key)?.Flag() ?? (!Names(key) && absent);

    internal string? Text(string key) => Value(key)?.Text();

    internal IReadOnlyList<string>? Texts(string key) => Value(key)?.Items().Select(item => item.Text()).ToList();

    internal ConfigFile? Object(string key)
    {
        if (Value(key) is not { } value) return null;
        return value.Kind == JsonValueKind.Object ? new ConfigFile(value, Notes) : throw value.Wrong("an object");
    }

    internal NotSupportedException Unsupported(string key, string found, string known) =>
        new($"{Where}{key} is {found}; {known} can be read.");

    /// <summary>The error for keys that contradict each other.</summary>
    internal InvalidDataException Contradiction(string sentence) => new($"{Where}{sentence}");

    private JsonValue Required(string key) =>
        Value(key) ?? throw new InvalidDataException($"{Where}{key} is null; a number is needed, or no such key.");

    private int Ranged(string key, int value)
    {
        ConfigRange.Require(Where, key, value);
        return value;
    }

    private double Ranged(string key, double value)
    {
        ConfigRange.Require(Where, key, value);
        return value;
    }

    private InvalidDataException Missing(string key) => new(Names(key)
        ? $"{Where}{key} is null; a number is needed."
        : $"{Where}{key} is missing; a Hugging Face checkpoint of this family has it.");
}
