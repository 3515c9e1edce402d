using System.Text.Json;
using System.Text.Json.Nodes;

namespace MaskLlm.Formats;

/// <summary>
/// What this program put into a checkpoint's folder, so that it replaces these files and no others: a list in a hidden file
/// there.
/// </summary>
/// <param name="Entries">The names, each with its length and time of writing; null while the files are being put in place.</param>
internal sealed record WrittenFiles(IReadOnlyDictionary<string, (long Length, long Ticks)?> Entries)
{
    /// <summary>The name of the hidden file.</summary>
    internal const string FileName = ".maskllm.json";

    /// <summary>The names of the files.</summary>
    internal IEnumerable<string> Names => Entries.Keys;

    /// <summary>Files as they lie in a folder now.</summary>
    internal static WrittenFiles Of(string folder, IEnumerable<string> names) =>
        new(names.ToDictionary(name => name, name => State(folder, name), StringComparer.Ordinal));

    /// <summary>Files of these names, whatever they hold.</summary>
    internal static WrittenFiles AnyOf(IEnumerable<string> names) =>
        new(names.ToDictionary(name => name, _ => ((long, long)?)null, StringComparer.Ordinal));

    /// <summary>The list of a folder; null where there is none that can be read.</summary>
    internal static WrittenFiles? Read(string folder)
    {
        string path = Path.Combine(folder, FileName);
        if (!File.Exists(path)) return null;
        try
        {
            // A name that leads elsewhere is none that was written here.
            return JsonNode.Parse(File.ReadAllBytes(path))?["files"] is JsonObject files
                && files.All(pair => Path.GetFileName(pair.Key) == pair.Key && pair.Key.Length > 0)
                ? new WrittenFiles(
                    files.ToDictionary(pair => pair.Key, pair => pair.Value is null ? null
                    : ((long, long)?)((long)pair.Value["bytes"]!, (long)pair.Value["written"]!), StringComparer.Ordinal))
                : null;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or NullReferenceException or FormatException)
        {
            return null;
        }
    }

    /// <summary>Whether a file of a folder is one of these and has not been changed since.</summary>
    internal bool IsAsWritten(string folder, string name) => Entries.TryGetValue(name, out (long, long)? state)
        && (state is null || state == State(folder, name));

    /// <summary>Puts the list into a folder.</summary>
    internal void Write(string folder)
    {
        JsonObject files = new(Entries.Select(pair => KeyValuePair.Create(
            pair.Key, pair.Value is { } state ? (JsonNode?)new JsonObject { ["bytes"] = state.Length, ["written"] = state.Ticks } : null)));
        AtomicFile.Write(Path.Combine(folder, FileName), stream =>
            stream.Write(JsonSerializer.SerializeToUtf8Bytes(new JsonObject { ["files"] = files })));
    }

    private static (long Length, long Ticks)? State(string folder, string name)
    {
        FileInfo file = new(Path.Combine(folder, name));
        return file.Exists ? (file.Length, file.LastWriteTimeUtc.Ticks) : null;
    }
}
