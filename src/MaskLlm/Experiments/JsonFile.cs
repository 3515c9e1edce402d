using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using MaskLlm.Formats;
using MaskLlm.Json;

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
        if (JsonSource.Parse(File.ReadAllBytes(path), out JsonElement root) is { } fault) throw Damaged(path, $" ({fault})", null);
        try
        {
            return read(JsonNode.Parse(root.GetRawText())!.AsObject());
        }
        catch (Exception e) when (e is InvalidOperationException or NullReferenceException or FormatException
            or ArgumentException or OverflowException)
        {
            throw Damaged(path, "", e);
        }
    }

    private static InvalidDataException Damaged(string path, string how, Exception? inner) =>
        new($"{path} is damaged{how}; remove it, and what it stood for is done again.", inner);
}
