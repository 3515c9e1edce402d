using System.Text.Json;
using MaskLlm.Json;

namespace MaskLlm.Formats.Safetensors;

/// <summary>The <c>weight_map</c> of a <c>model.safetensors.index.json</c>: which shard holds which tensor.</summary>
internal sealed class ShardIndex
{
    private const string MapName = "weight_map";
    private const long LargestBytes = SafetensorsHeader.LargestBytes;

    private readonly string _path;
    private readonly Dictionary<string, string> _shardOf = new(StringComparer.Ordinal);

    private ShardIndex(string path) => _path = path;

    /// <summary>The file names of the shards, sorted.</summary>
    internal IReadOnlyList<string> Shards { get; private set; } = [];

    /// <summary>Reads an index and checks that its shards exist.</summary>
    internal static ShardIndex Read(string path)
    {
        ShardIndex index = new(path);
        index.Parse();
        index.Shards = [.. index._shardOf.Values.Distinct().Order(StringComparer.Ordinal)];
        foreach (string shard in index.Shards) index.CheckExists(shard);
        return index;
    }

    /// <summary>Whether the index finds the tensor in this shard.</summary>
    internal bool Holds(string shard, string tensor) => _shardOf.GetValueOrDefault(tensor) == shard;

    /// <summary>Checks that a shard has every tensor that the index finds in it.</summary>
    internal void CheckComplete(string shard, SafetensorsFile file)
    {
        foreach ((string tensor, string holder) in _shardOf)
        {
            if (holder == shard && !file.Tensors.ContainsKey(tensor))
                throw Error($"tensor '{tensor}' should be in {shard}, which does not have it");
        }
    }

    private void Parse()
    {
        long length = FileIdentity.LengthOf(_path);
        if (length > LargestBytes) throw Error($"it has {length} bytes and an index has at most {LargestBytes}");
        if (JsonSource.Parse(JsonSource.ReadFile(_path), out JsonElement root) is { } fault) throw Error($"it is {fault}");
        try
        {
            ParseMap(root);
        }
        // Texts that are no Unicode surface as InvalidOperationException.
        catch (InvalidOperationException exception)
        {
            throw new InvalidDataException(Sentence("it is not valid JSON (a text holds half a surrogate pair)"), exception);
        }
    }

    private void ParseMap(JsonElement root)
    {
        if (root.ValueKind != JsonValueKind.Object || !root.TryGetProperty(MapName, out JsonElement map)
            || map.ValueKind != JsonValueKind.Object)
            throw Error($"it has no {MapName} that is a JSON object");
        foreach (JsonProperty property in map.EnumerateObject())
        {
            if (property.Value.ValueKind != JsonValueKind.String) throw Error($"tensor '{property.Name}' has no shard that is a text");
            _shardOf.Add(property.Name, property.Value.GetString()!);
        }
        if (_shardOf.Count == 0) throw Error($"its {MapName} is empty");
    }

    private void CheckExists(string shard)
    {
        if (shard.Length == 0 || shard.AsSpan().ContainsAny('/', '\\', '\0'))
            throw Error($"shard '{shard}' is no plain file name");
        if (!File.Exists(Path.Combine(Path.GetDirectoryName(_path)!, shard)))
            throw Error($"shard {shard} is not in the folder");
    }

    private InvalidDataException Error(string wrong) => new(Sentence(wrong));

    private string Sentence(string wrong) => $"{_path} does not describe this folder: {wrong}; download or save the checkpoint again.";
}
