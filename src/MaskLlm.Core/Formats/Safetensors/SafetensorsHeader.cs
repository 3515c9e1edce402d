using System.Buffers.Binary;
using System.Text.Json;
using MaskLlm.Json;

namespace MaskLlm.Formats.Safetensors;

/// <summary>The checked header of a safetensors file: every entry lies inside the file and none overlap.</summary>
internal sealed class SafetensorsHeader
{
    /// <summary>The name under which the header keeps text about the file.</summary>
    internal const string MetadataKey = "__metadata__";

    /// <summary>The bytes before the header: its length.</summary>
    internal const int PrefixBytes = 8;

    /// <summary>The longest header that the format allows.</summary>
    internal const int LargestBytes = 100_000_000;

    private readonly string _path;
    private readonly long _dataStart;
    private readonly long _fileLength;
    private readonly Dictionary<string, TensorEntry> _entries = new(StringComparer.Ordinal);
    private readonly OrderedDictionary<string, string> _metadata = new(StringComparer.Ordinal);

    private SafetensorsHeader(string path, long dataStart, long fileLength) =>
        (_path, _dataStart, _fileLength) = (path, dataStart, fileLength);

    /// <summary>The tensors in the order of their bytes.</summary>
    internal IReadOnlyList<TensorEntry> Tensors { get; private set; } = [];

    /// <summary>Bytes of the file before the first tensor's.</summary>
    internal int Bytes => (int)_dataStart;

    /// <summary>What <c>__metadata__</c> holds; empty where it is absent.</summary>
    internal IReadOnlyDictionary<string, string> Metadata => _metadata;

    /// <summary>Reads and checks the header of an open file.</summary>
    internal static SafetensorsHeader Read(string path, FileBytes file)
    {
        if (file.Length < PrefixBytes)
            throw Error(path, $"the file has {file.Length} bytes and a safetensors file has at least {PrefixBytes}");
        if (JsonSource.IsPointer(file.Slice(0, (int)Math.Min(file.Length, JsonSource.PointerBytes))))
            throw Error(path, "it is a pointer of Git LFS, not the file itself", "fetch it with `git lfs pull`");
        ulong length = BinaryPrimitives.ReadUInt64LittleEndian(file.Slice(0, PrefixBytes));
        if (length > LargestBytes) throw Error(path, $"the header claims {length} bytes and the format allows {LargestBytes}");
        if ((long)length > file.Length - PrefixBytes)
            throw Error(path, $"the header claims {length} bytes and the file has {file.Length - PrefixBytes} after the length");
        SafetensorsHeader header = new(path, PrefixBytes + (long)length, file.Length);
        header.Parse(file.Slice(PrefixBytes, (int)length).ToArray());
        header.CheckLayout();
        return header;
    }

    private void Parse(byte[] json)
    {
        if (JsonSource.Parse(json, out JsonElement root) is { } fault) throw Error(_path, $"the header is {fault}");
        if (root.ValueKind != JsonValueKind.Object) throw Error(_path, "the header is no JSON object");
        try
        {
            foreach (JsonProperty property in root.EnumerateObject()) Add(property);
        }
        // Texts that are no Unicode surface as InvalidOperationException.
        catch (InvalidOperationException exception)
        {
            throw new InvalidDataException(Sentence(_path, "the header is not valid JSON (a text holds half a surrogate pair)"), exception);
        }
    }

    private void Add(JsonProperty property)
    {
        if (property.NameEquals(MetadataKey))
        {
            AddMetadata(property.Value);
            return;
        }
        _entries.Add(property.Name, ParseEntry(property.Name, property.Value));
    }

    private void AddMetadata(JsonElement value)
    {
        if (value.ValueKind != JsonValueKind.Object) throw Error(_path, $"{MetadataKey} is no JSON object");
        foreach (JsonProperty property in value.EnumerateObject())
        {
            if (property.Value.ValueKind != JsonValueKind.String) throw Error(_path, $"{MetadataKey} '{property.Name}' is no text");
            _metadata.Add(property.Name, property.Value.GetString()!);
        }
    }

    private TensorEntry ParseEntry(string name, JsonElement value)
    {
        if (value.ValueKind != JsonValueKind.Object) throw Error(_path, $"tensor '{name}' is described by no JSON object");
        TensorType type = ParseType(name, Member(name, value, "dtype", JsonValueKind.String).GetString()!);
        long[] shape = ParseNumbers(name, "shape", Member(name, value, "shape", JsonValueKind.Array));
        long[] offsets = ParseNumbers(name, "data_offsets", Member(name, value, "data_offsets", JsonValueKind.Array));
        long dataLength = _fileLength - _dataStart;
        if (offsets is not [long begin, long end] || begin > end || end > dataLength)
            throw Error(_path, $"tensor '{name}' lies at bytes [{string.Join(", ", offsets)}] of the data, which has {dataLength} bytes");
        if (TensorTypes.ByteLength(type, shape) != end - begin)
            throw Error(_path, $"tensor '{name}' has {end - begin} bytes and its shape [{string.Join(", ", shape)}] in {type.Spelling()} "
                + $"needs {TensorTypes.ByteLength(type, shape)}");
        return new TensorEntry(name, type, shape, _dataStart + begin, end - begin);
    }

    private JsonElement Member(string name, JsonElement value, string member, JsonValueKind kind)
    {
        if (!value.TryGetProperty(member, out JsonElement found) || found.ValueKind != kind)
            throw Error(_path, $"tensor '{name}' has no {member} that is {(kind == JsonValueKind.String ? "a text" : "a list")}");
        return found;
    }

    private TensorType ParseType(string name, string spelling)
    {
        if (!TensorTypes.TryParse(spelling, out TensorType type))
            throw Error(_path, $"tensor '{name}' has dtype '{spelling}' and only {TensorTypes.Known} can be read",
                "save it in one of these");
        return type;
    }

    private long[] ParseNumbers(string name, string member, JsonElement list)
    {
        long[] numbers = new long[list.GetArrayLength()];
        int filled = 0;
        foreach (JsonElement item in list.EnumerateArray())
        {
            if (item.ValueKind != JsonValueKind.Number || !item.TryGetInt64(out long number) || number < 0)
                throw Error(_path, $"tensor '{name}' has {item.GetRawText()} in its {member}, which are whole numbers from 0");
            numbers[filled++] = number;
        }
        return numbers;
    }

    // The format allows no holes, no overlaps and nothing after the last tensor: each begins where the one before ends.
    private void CheckLayout()
    {
        Tensors = [.. _entries.Values.OrderBy(entry => entry.Offset).ThenBy(entry => entry.ByteLength)];
        long position = _dataStart;
        foreach (TensorEntry entry in Tensors)
        {
            if (entry.Offset != position)
                throw Error(_path, $"tensor '{entry.Name}' begins at byte {entry.Offset} and the one before it ends at {position}");
            position += entry.ByteLength;
        }
        if (position != _fileLength) throw Error(_path, $"the tensors end at byte {position} and the file has {_fileLength} bytes");
    }

    private static InvalidDataException Error(string path, string wrong, string remedy = "download or save it again") =>
        new(Sentence(path, wrong, remedy));

    private static string Sentence(string path, string wrong, string remedy = "download or save it again") =>
        $"{path} is not a whole safetensors file: {wrong}; {remedy}.";
}
