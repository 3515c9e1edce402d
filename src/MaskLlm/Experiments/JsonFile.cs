using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using MaskLlm.Formats;

namespace MaskLlm.Experiments;

/// <summary>An object of JSON in a file of an experiment.</summary>
internal static class JsonFile
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    internal static void Write(string path, JsonObject value) =>
        AtomicFile.Write(path, stream => stream.Write(Encoding.UTF8.GetBytes(value.ToJsonString(Indented) + "\n")));

    /// <exception cref="InvalidDataException">The file holds no JSON object with the members that are read.</exception>
    internal static T Read<T>(string path, Func<JsonObject, T> read)
    {
        try
        {
            return read(JsonNode.Parse(File.ReadAllBytes(path))!.AsObject());
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or NullReferenceException or FormatException or ArgumentException)
        {
            throw new InvalidDataException($"{path} is damaged; remove it, and what it stood for is done again.", e);
        }
    }
}
