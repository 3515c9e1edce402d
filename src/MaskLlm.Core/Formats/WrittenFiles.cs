using System.Text.Json;
using System.Text.Json.Nodes;
using MaskLlm.Json;

namespace MaskLlm.Formats;

/// <summary>
/// What this program put into a checkpoint's folder, so that it replaces these files and no others: a list in a hidden file
/// there.
/// </summary>
/// <param name="Entries">The names, each with how its file is; null while the files are being put in place.</param>
internal sealed record WrittenFiles(IReadOnlyDictionary<string, WrittenFiles.State?> Entries)
{
    /// <summary>The name of the hidden file.</summary>
    internal const string FileName = ".maskllm.json";

    /// <summary>The names of the files.</summary>
    internal IEnumerable<string> Names => Entries.Keys;

    /// <summary>Files as they lie in a folder now.</summary>
    internal static WrittenFiles Of(string folder, IEnumerable<string> names) =>
        new(names.ToDictionary(name => name, name => State.Of(folder, name), StringComparer.Ordinal));

    /// <summary>Files of these names, whatever they hold.</summary>
    internal static WrittenFiles AnyOf(IEnumerable<string> names) =>
        new(names.ToDictionary(name => name, _ => (State?)null, StringComparer.Ordinal));

    /// <summary>The list of a folder; null where there is none that can be read.</summary>
    internal static WrittenFiles? Read(string folder)
    {
        string path = Path.Combine(folder, FileName);
        if (!File.Exists(path)) return null;
        try
        {
            // A name that leads elsewhere is none that was written here.
            return JsonNode.Parse(JsonSource.ReadFile(path))?["files"] is JsonObject files
                && files.All(pair => Path.GetFileName(pair.Key) == pair.Key && pair.Key.Length > 0)
                ? new WrittenFiles(files.ToDictionary(pair => pair.Key, pair => State.Read(pair.Value), StringComparer.Ordinal))
                : null;
        }
        catch (Exception e) when (e is JsonException or ArgumentException or InvalidOperationException or NullReferenceException
            or FormatException)
        {
            return null;
        }
    }

    /// <summary>Whether a file of a folder is one of these and has not been changed since.</summary>
    internal bool IsAsWritten(string folder, string name) =>
        Entries.TryGetValue(name, out State? state) && (state is null || state.Fits(Path.Combine(folder, name)));

    /// <summary>Puts the list into a folder.</summary>
    internal void Write(string folder)
    {
        JsonObject files = new(Entries.Select(pair => KeyValuePair.Create(pair.Key, (JsonNode?)pair.Value?.ToJson())));
        AtomicFile.Write(Path.Combine(folder, FileName), stream =>
            stream.Write(JsonSerializer.SerializeToUtf8Bytes(new JsonObject { ["files"] = files })));
    }

    /// <summary>How a file was when it was written.</summary>
    /// <param name="Length">Its bytes.</param>
    /// <param name="Ticks">The time of writing.</param>
    /// <param name="Sum">Its checksum; null in lists of earlier versions.</param>
    internal sealed record State(long Length, long Ticks, string? Sum)
    {
        private const string LengthKey = "bytes", TicksKey = "written", SumKey = "checksum";

        internal static State? Of(string folder, string name)
        {
            FileInfo file = new(Path.Combine(folder, name));
            return file.Exists ? new State(file.Length, file.LastWriteTimeUtc.Ticks, Checksum.OfFile(file.FullName)) : null;
        }

        internal static State? Read(JsonNode? value) => value is null ? null
            : new State((long)value[LengthKey]!, (long)value[TicksKey]!, (string?)value[SumKey]);

        internal JsonObject ToJson() => new() { [LengthKey] = Length, [TicksKey] = Ticks, [SumKey] = Sum };

        // A copy has the bytes and another time: only then is the file read.
        internal bool Fits(string path)
        {
            FileInfo file = new(path);
            if (!file.Exists || file.Length != Length || file.LinkTarget is not null) return false;
            return file.LastWriteTimeUtc.Ticks == Ticks || (Sum is not null && Checksum.OfFile(path) == Sum);
        }
    }
}
