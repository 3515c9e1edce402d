using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using MaskLlm.Formats;
using MaskLlm.Json;

namespace MaskLlm.Runs;

/// <summary>Objects of JSON that this program reads again: with a checksum of all else that they hold.</summary>
internal static class CheckedJson
{
    private const string Key = "checksum";

    private static readonly JsonSerializerOptions Indented = new()
    {
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>Writes an object.</summary>
    internal static void Write(string path, JsonObject value)
    {
        // As it will be read: numbers and texts in the form that the file gives them.
        JsonObject written = JsonNode.Parse(value.ToJsonString(Indented))!.AsObject();
        written[Key] = ChecksumOf(written);
        AtomicFile.Write(path, stream => stream.Write(Encoding.UTF8.GetBytes(written.ToJsonString(Indented) + "\n")));
    }

    /// <summary>Reads an object.</summary>
    /// <param name="path">The file.</param>
    /// <param name="read">Takes what is wanted.</param>
    /// <param name="remedy">What to do with a damaged file, the end of a sentence.</param>
    /// <exception cref="InvalidDataException">The file holds no JSON object with the members that are read, or is not as it was
    /// written.</exception>
    internal static T Read<T>(string path, Func<JsonObject, T> read, string remedy)
    {
        if (JsonSource.Parse(JsonSource.ReadFile(path), out JsonElement root) is { } fault)
            throw new InvalidDataException($"{path} is damaged ({fault}); {remedy}.");
        try
        {
            JsonObject value = JsonNode.Parse(root.GetRawText())!.AsObject();
            string? saved = (string?)value[Key];
            value.Remove(Key);
            if (saved is null)
                throw new InvalidDataException(
                    $"{path} holds no checksum: it is damaged, or an earlier version of this program wrote it; {remedy}.");
            if (saved != ChecksumOf(value))
                throw new InvalidDataException(
                    $"{path} is damaged: it is not what was written there (it does not match its checksum); {remedy}.");
            return read(value);
        }
        catch (Exception e) when (e is InvalidOperationException or NullReferenceException or FormatException or ArgumentException
            or OverflowException)
        {
            throw new InvalidDataException($"{path} is damaged; {remedy}.", e);
        }
    }

    private static string ChecksumOf(JsonObject value) => Checksum.Of(Encoding.UTF8.GetBytes(value.ToJsonString()));
}
