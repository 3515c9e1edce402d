using MaskLlm.Formats.Safetensors;

namespace MaskLlm.Formats;

/// <summary>The files of a Hugging Face folder by their names.</summary>
internal static class CheckpointFiles
{
    internal const string ConfigName = "config.json";

    /// <summary>Of the run that made a checkpoint or a mask, and not of what is made of it.</summary>
    internal const string RecordName = "run.json";

    private const string WeightsEnding = ".safetensors", IndexEnding = ".index.json";
    private static readonly string[] OtherWeightsEndings =
        [".bin", ".pt", ".pth", ".ckpt", ".gguf", ".ggml", ".h5", ".msgpack", ".onnx", ".onnx_data", ".tflite", ".mlmodel"];
    private static readonly HashSet<string> NamesOfParts = new(StringComparer.Ordinal)
    {
        ConfigName, "generation_config.json", "tokenizer.json", "tokenizer.model", "tokenizer_config.json", "special_tokens_map.json",
        "added_tokens.json", "vocab.json", "merges.txt", "chat_template.json", "chat_template.jinja",
    };

    /// <summary>The paths of all files of a folder; none where there is no such folder, which is said elsewhere.</summary>
    internal static IEnumerable<string> All(string folder) => Directory.Exists(folder) ? Directory.EnumerateFiles(folder) : [];

    /// <summary>Says so where a file to write is one of a folder, whatever links lead there.</summary>
    /// <exception cref="ArgumentException">It is.</exception>
    internal static void RequireNone(string folder, string outFile)
    {
        if (All(folder).FirstOrDefault(file => FileIdentity.AreSame(file, outFile)) is { } lost)
            throw new ArgumentException($"{outFile} is {lost}, a file of the model itself, which would be lost; name another file.");
    }

    /// <summary>The names of the files that make a checkpoint with its safetensors: neither weights nor hidden.</summary>
    internal static IEnumerable<string> BesideWeights(string folder)
    {
        bool sharded = CheckpointFolder.Find(folder).Index is not null;
        return Directory.EnumerateFiles(folder).Select(file => Path.GetFileName(file)).Order(StringComparer.Ordinal)
            .Where(name => !name.StartsWith('.') && !IsWeights(name) && name != RecordName)
            // A pipe is none, and would hold up whoever reads it.
            .Where(name => FileIdentity.Of(Path.Combine(folder, name)) is not { IsRegular: false })
            // An index without its shards would send a loader to files that are not there.
            .Where(name => !name.EndsWith(IndexEnding, StringComparison.OrdinalIgnoreCase)
                || (sharded && name == CheckpointFolder.IndexName));
    }

    /// <summary>Whether a file of this name could pass for a part of a checkpoint that is put in its folder.</summary>
    internal static bool IsPart(string name) => NamesOfParts.Contains(name)
        || name.EndsWith(WeightsEnding, StringComparison.OrdinalIgnoreCase)
            || name.EndsWith(IndexEnding, StringComparison.OrdinalIgnoreCase);

    private static bool IsWeights(string name) => name.EndsWith(WeightsEnding, StringComparison.OrdinalIgnoreCase)
        || OtherWeightsEndings.Contains(Path.GetExtension(name), StringComparer.OrdinalIgnoreCase);
}
