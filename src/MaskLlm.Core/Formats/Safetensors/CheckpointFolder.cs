namespace MaskLlm.Formats.Safetensors;

/// <summary>Which files of a Hugging Face folder hold its weights.</summary>
/// <param name="Files">The paths, in the order of their names.</param>
/// <param name="Index">The index of the shards; null where one file holds all.</param>
internal sealed record CheckpointFolder(IReadOnlyList<string> Files, ShardIndex? Index)
{
    /// <summary>The name of the index of the shards.</summary>
    internal const string IndexName = "model.safetensors.index.json";

    private const string WholeName = "model.safetensors";
    private static readonly string[] PickledEndings = [".bin", ".pt", ".pth", ".ckpt"];

    /// <summary>Says what is there instead, or what to download, where a folder is missing.</summary>
    /// <exception cref="DirectoryNotFoundException">It is.</exception>
    internal static void Require(string folder)
    {
        if (!Directory.Exists(folder)) throw new DirectoryNotFoundException(NoFolder(folder));
    }

    /// <summary>Finds the weights of a folder, or says why there are none.</summary>
    internal static CheckpointFolder Find(string folder)
    {
        Require(folder);
        string whole = Path.Combine(folder, WholeName);
        if (File.Exists(whole)) return new CheckpointFolder([whole], null);
        string indexPath = Path.Combine(folder, IndexName);
        if (!File.Exists(indexPath)) throw new InvalidDataException(NoWeights(folder));
        ShardIndex index = ShardIndex.Read(indexPath);
        return new CheckpointFolder([.. index.Shards.Select(shard => Path.Combine(folder, shard))], index);
    }

    private static string NoFolder(string folder)
    {
        if (File.Exists(folder)) return $"{folder} is a file; name the folder of the checkpoint, which holds config.json and {WholeName}.";
        return LooksLikeHubName(folder)
            ? $"{folder} is not a folder here (no such folder); if it is a name on the Hugging Face hub, download it first, e.g. with `hf "
                + $"download {folder} --local-dir {folder.Split('/')[1]}`, and name that folder."
            : $"{folder}: there is no such folder; name the folder of a checkpoint, which holds config.json and {WholeName}.";
    }

    private static bool LooksLikeHubName(string folder)
    {
        string[] parts = folder.Split('/');
        return parts.Length == 2
            && parts.All(part => part.Length > 0 && part.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '-' or '_' or '.'))
            && parts[0].Any(char.IsAsciiLetterOrDigit) && parts[1].Any(char.IsAsciiLetterOrDigit);
    }

    private static string NoWeights(string folder)
    {
        string? pickled = Directory.EnumerateFiles(folder).Select(Path.GetFileName)
            .Where(name => PickledEndings.Contains(Path.GetExtension(name), StringComparer.OrdinalIgnoreCase))
            .Order(StringComparer.Ordinal).FirstOrDefault();
        return pickled is null
            ? $"{folder} has neither {WholeName} nor {IndexName}; name the folder of a Hugging Face checkpoint saved as safetensors."
            : $"{folder} has no {WholeName}, only {pickled}, a file that can run arbitrary code when loaded and is therefore not read; "
                + $"convert to safetensors with `AutoModelForCausalLM.from_pretrained(SOURCE).save_pretrained(FOLDER)` of the Python "
                + $"package transformers.";
    }
}
