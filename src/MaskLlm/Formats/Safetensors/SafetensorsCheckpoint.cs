using System.Text.Json;

namespace MaskLlm.Formats.Safetensors;

/// <summary>The tensors of a Hugging Face folder: <c>model.safetensors</c>, or the shards that <c>model.safetensors.index.json</c> names.</summary>
public sealed class SafetensorsCheckpoint : IDisposable
{
    private const string Single = "model.safetensors", Index = "model.safetensors.index.json";
    private readonly Dictionary<string, SafetensorsFile> _fileOf = new(StringComparer.Ordinal);
    private readonly List<SafetensorsFile> _files = [];

    private SafetensorsCheckpoint(IEnumerable<string> paths)
    {
        try
        {
            foreach (string path in paths) Add(SafetensorsFile.Open(path));
        }
        catch
        {
            Dispose();
            throw;
        }
        Tensors = new OrderedDictionary<string, TensorEntry>(_files.SelectMany(file => file.Tensors), StringComparer.Ordinal);
    }

    /// <summary>All tensors by name.</summary>
    public IReadOnlyDictionary<string, TensorEntry> Tensors { get; }

    /// <summary>The files, in the order of their names.</summary>
    public IReadOnlyList<SafetensorsFile> Files => _files;

    /// <summary>Opens a folder.</summary>
    /// <exception cref="InvalidDataException">No safetensors, a missing shard, or a damaged file.</exception>
    public static SafetensorsCheckpoint Open(string folder)
    {
        string index = Path.Combine(folder, Index), single = Path.Combine(folder, Single);
        if (File.Exists(index)) return OpenSharded(folder, index);
        if (File.Exists(single)) return new SafetensorsCheckpoint([single]);
        string? pickle = Directory.EnumerateFiles(folder).FirstOrDefault(file => Path.GetExtension(file) is ".bin" or ".pt" or ".pth");
        throw new InvalidDataException(pickle is null
            ? $"{folder}: neither {Single} nor {Index}; a Hugging Face checkpoint in safetensors is needed."
            : $"{pickle}: pickled weights are refused, since loading them can run arbitrary code; save the model again with safetensors (save_pretrained of transformers does).");
    }

    /// <summary>The file that holds a tensor.</summary>
    public SafetensorsFile FileOf(string name) => _fileOf[name];

    /// <summary>Some bytes of a tensor; valid until this is disposed.</summary>
    /// <param name="name">A name of <see cref="Tensors"/>.</param>
    /// <param name="offset">First byte, counted from the start of the tensor.</param>
    /// <param name="length">Number of bytes.</param>
    public ReadOnlySpan<byte> Bytes(string name, long offset, int length) => _fileOf[name].Bytes(Tensors[name], offset, length);

    /// <summary>Unmaps all files.</summary>
    public void Dispose()
    {
        foreach (SafetensorsFile file in _files) file.Dispose();
    }

    private static SafetensorsCheckpoint OpenSharded(string folder, string index)
    {
        Dictionary<string, string> shardOf = ReadIndex(index);
        List<string> shards = [.. shardOf.Values.Distinct().Order(StringComparer.Ordinal)];
        foreach (string shard in shards)
            if (Path.GetFileName(shard) != shard || !File.Exists(Path.Combine(folder, shard)))
                throw new InvalidDataException($"{index}: names the shard {shard}, which is not in the folder; the download is incomplete, get it again.");
        SafetensorsCheckpoint checkpoint = new(shards.Select(shard => Path.Combine(folder, shard)));
        foreach ((string name, string shard) in shardOf)
        {
            if (checkpoint._fileOf.TryGetValue(name, out SafetensorsFile? file) && Path.GetFileName(file.Path) == shard) continue;
            checkpoint.Dispose();
            throw new InvalidDataException($"{index}: says that {shard} holds {name}, and it does not; the download is incomplete or mixed, get it again.");
        }
        return checkpoint;
    }

    private static Dictionary<string, string> ReadIndex(string index)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(index));
            return document.RootElement.GetProperty("weight_map").EnumerateObject()
                .ToDictionary(pair => pair.Name, pair => pair.Value.GetString() ?? "", StringComparer.Ordinal);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException or ArgumentException)
        {
            throw new InvalidDataException($"{index}: no weight_map of tensor names and shards ({e.Message}); get the file again.");
        }
    }

    private void Add(SafetensorsFile file)
    {
        _files.Add(file);
        foreach (string name in file.Tensors.Keys)
            if (!_fileOf.TryAdd(name, file))
                throw new InvalidDataException($"{file.Path}: {name} stands in {_fileOf[name].Path} too; the shards are mixed, get them again.");
    }
}
