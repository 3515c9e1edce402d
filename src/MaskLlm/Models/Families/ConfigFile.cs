using System.Text.Json;

namespace MaskLlm.Models.Families;

/// <summary>A parsed <c>config.json</c> with readers that say which key of which file is wrong.</summary>
internal sealed class ConfigFile
{
    private readonly string _path;
    private readonly JsonElement _root;

    internal ConfigFile(string path)
        : this(path, File.ReadAllBytes(path))
    {
    }

    internal ConfigFile(string path, ReadOnlyMemory<byte> json)
    {
        _path = path;
        try
        {
            using JsonDocument document = JsonDocument.Parse(json);
            _root = document.RootElement.Clone();
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"{path}: not valid JSON ({e.Message}); is the download complete?");
        }
        if (_root.ValueKind != JsonValueKind.Object) throw new InvalidDataException($"{path}: an object is expected, found {_root.ValueKind}.");
    }

    private ConfigFile(string path, JsonElement root) => (_path, _root) = (path, root);

    internal bool Has(string key) => _root.TryGetProperty(key, out JsonElement value) && value.ValueKind != JsonValueKind.Null;

    internal int Int(string key, int? fallback = null) => Has(key) ? Read(key, e => e.GetInt32(), "an integer") : fallback ?? throw Missing(key);

    internal double Double(string key, double? fallback = null) => Has(key) ? Read(key, e => e.GetDouble(), "a number") : fallback ?? throw Missing(key);

    internal bool Bool(string key, bool fallback) => Has(key) ? Read(key, e => e.GetBoolean(), "true or false") : fallback;

    internal string? Text(string key) => Has(key) ? Read(key, e => e.GetString(), "a string") : null;

    internal IReadOnlyList<string>? Texts(string key) =>
        Has(key) ? Read(key, e => e.EnumerateArray().Select(item => item.GetString() ?? "").ToList(), "a list of strings") : null;

    internal ConfigFile? Object(string key) => Has(key) ? new ConfigFile(_path, _root.GetProperty(key)) : null;

    internal NotSupportedException Unsupported(string key, string found, string known) =>
        new($"{_path}: {key} is {found}; {known} can be read.");

    private T Read<T>(string key, Func<JsonElement, T> read, string expected)
    {
        JsonElement value = _root.GetProperty(key);
        try
        {
            return read(value);
        }
        catch (Exception e) when (e is InvalidOperationException or FormatException)
        {
            throw new InvalidDataException($"{_path}: {key} must be {expected}, found {value.GetRawText()}.");
        }
    }

    private InvalidDataException Missing(string key) => new($"{_path}: {key} is missing; a Hugging Face checkpoint of this family has it.");
}
