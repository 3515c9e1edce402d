using System.Security.Cryptography;
using System.Text.Json.Nodes;
using MaskLlm.Tokens;

namespace MaskLlm.Runs;

/// <summary>The hashes of what a run read, for its record.</summary>
internal static class InputHashes
{
    /// <summary>
    /// SHA-256 of the configuration, weights and tokenizer of a checkpoint, by recorded path: what makes its tokens is all of the
    /// tokenizer's files.
    /// </summary>
    internal static JsonObject OfModel(string folder) => new(
        Directory.EnumerateFiles(folder).Where(IsInput).Order(StringComparer.Ordinal)
            .Select(file => KeyValuePair.Create(RecordedPath.Of(file), (JsonNode?)Of(file))));

    /// <summary>SHA-256 of a file, 64 lower-case hexadecimal digits.</summary>
    internal static string Of(string file)
    {
        using FileStream stream = File.OpenRead(file);
        return Convert.ToHexStringLower(SHA256.HashData(stream));
    }

    private static bool IsInput(string file) =>
        Path.GetExtension(file) is ".safetensors" || TokenizerFiles.Names.Contains(Path.GetFileName(file));
}
