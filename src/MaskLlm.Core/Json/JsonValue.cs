using System.Text.Json;
using System.Text.Json.Nodes;

namespace MaskLlm.Json;

/// <summary>
/// A value of a JSON file that knows where it stands. What is not of the wanted kind is an <see cref="InvalidDataException"/> of one
/// sentence with file and key, never the framework's words.
/// </summary>
internal sealed class JsonValue
{
    private const int LongestShown = 60;

    private JsonValue(string file, string key, JsonElement element) => (File, Key, Element) = (file, key, element);

    /// <summary>How messages call the file.</summary>
    internal string File { get; }

    /// <summary>The way from the root, as <c>rope_scaling.factor</c> or <c>layer_types[3]</c>; empty for the root.</summary>
    internal string Key { get; }

    /// <summary>The value as it was parsed.</summary>
    internal JsonElement Element { get; }

    /// <summary>The kind of value.</summary>
    internal JsonValueKind Kind => Element.ValueKind;

    private string Where => Key.Length == 0 ? File : $"{File}: {Key}";

    /// <summary>Reads the object that a file holds.</summary>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">It is no JSON, or no object.</exception>
    internal static JsonValue Read(string path)
    {
        if (!System.IO.File.Exists(path)) throw new FileNotFoundException($"{path}: there is no such file.", path);
        return Parse(path, JsonSource.ReadFile(path));
    }

    /// <summary>Parses the text of an object.</summary>
    /// <param name="file">How messages call it.</param>
    /// <param name="json">UTF-8, with or without a byte order mark.</param>
    /// <exception cref="InvalidDataException">It is no JSON, or no object.</exception>
    internal static JsonValue Parse(string file, ReadOnlyMemory<byte> json)
    {
        if (JsonSource.Parse(json, out JsonElement root) is { } fault)
            throw new InvalidDataException($"{file}: {fault}; fetch or write the file again.");
        JsonValue value = new(file, "", root);
        return value.Kind == JsonValueKind.Object ? value : throw value.Wrong("an object");
    }

    /// <summary>Whether the object has the key with a value that is not null.</summary>
    internal bool Has(string key) => Member(key) is not null;

    /// <summary>Whether the object has the key, even with null.</summary>
    internal bool Names(string key) => Object().TryGetProperty(key, out _);

    /// <summary>The value of a key; null where it is absent or null.</summary>
    internal JsonValue? Member(string key) => Object().TryGetProperty(key, out JsonElement value) && value.ValueKind != JsonValueKind.Null
        ? new JsonValue(File, KeyOf(key), value) : null;

    /// <summary>The value of a key that must be there.</summary>
    internal JsonValue Required(string key) => Member(key)
        ?? throw new InvalidDataException($"{File}: {KeyOf(key)} is {(Names(key) ? "null" : "missing")}; fetch or write the file again.");

    /// <summary>All keys of an object with their values, in the order of the file.</summary>
    internal IEnumerable<KeyValuePair<string, JsonValue>> Members()
    {
        foreach (JsonProperty property in Object().EnumerateObject())
            yield return KeyValuePair.Create(property.Name, new JsonValue(File, KeyOf(property.Name), property.Value));
    }

    /// <summary>The items of a list.</summary>
    internal IReadOnlyList<JsonValue> Items() => Kind == JsonValueKind.Array
        ? [.. Element.EnumerateArray().Select((item, index) => new JsonValue(File, $"{Key}[{index}]", item))]
        : throw Wrong("a list");

    /// <summary>A text.</summary>
    internal string Text()
    {
        if (Kind != JsonValueKind.String) throw Wrong("a text");
        try
        {
            return Element.GetString()!;
        }
        catch (InvalidOperationException)
        {
            throw Wrong("a text, and not half a surrogate pair");
        }
    }

    /// <summary>A whole number of 32 bits.</summary>
    internal int Int() =>
        Kind == JsonValueKind.Number && Element.TryGetInt32(out int value) ? value : throw Wrong("a whole number of at most 32 bits");

    /// <summary>A whole number of 64 bits.</summary>
    internal long Long() =>
        Kind == JsonValueKind.Number && Element.TryGetInt64(out long value) ? value : throw Wrong("a whole number of at most 64 bits");

    /// <summary>A finite number.</summary>
    internal double Number() =>
        Kind == JsonValueKind.Number && Element.TryGetDouble(out double value) && double.IsFinite(value) ? value
            : throw Wrong("a finite number");

    /// <summary>True or false.</summary>
    internal bool Flag() => Kind is JsonValueKind.True or JsonValueKind.False ? Element.GetBoolean() : throw Wrong("true or false");

    /// <summary>The value as a node, which may be changed.</summary>
    /// <exception cref="InvalidDataException">A text in it is none.</exception>
    internal JsonNode? ToNode()
    {
        RequireTexts();
        return JsonNode.Parse(Element.GetRawText());
    }

    /// <summary>The sentence for a value that is not what it must be.</summary>
    /// <param name="wanted">What it must be.</param>
    internal InvalidDataException Wrong(string wanted) => new($"{Where} must be {wanted}, found {Shown()}.");

    /// <summary>The value for messages: one line, and not a page of it.</summary>
    internal string Shown() => Shortened(Element.GetRawText());

    /// <summary>A text of a file for messages: one line, and not a page of it.</summary>
    internal static string Shortened(string text)
    {
        string line = string.Concat(text.Take(LongestShown + 1).Select(letter => char.IsControl(letter) ? ' ' : letter));
        return line.Length <= LongestShown ? line : line[..LongestShown] + "...";
    }

    private void RequireTexts()
    {
        if (Kind == JsonValueKind.String) Text();
        else if (Kind == JsonValueKind.Array) foreach (JsonValue item in Items()) item.RequireTexts();
        else if (Kind == JsonValueKind.Object) foreach ((_, JsonValue member) in Members()) member.RequireTexts();
    }

    private JsonElement Object() => Kind == JsonValueKind.Object ? Element : throw Wrong("an object");

    private string KeyOf(string name) => Key.Length == 0 ? Shortened(name) : $"{Key}.{Shortened(name)}";
}
