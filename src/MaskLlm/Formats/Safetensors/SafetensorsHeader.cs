using System.Text.Json;

namespace MaskLlm.Formats.Safetensors;

/// <summary>Reads and checks the JSON header: nothing that it promises is believed before it is held against the size of the file.</summary>
internal static class SafetensorsHeader
{
    // The format's own limit.
    internal const long MaxHeaderBytes = 100_000_000;

    internal static (List<TensorEntry> Tensors, Dictionary<string, string> Metadata) Read(string path, FileStream file)
    {
        Span<byte> prefix = stackalloc byte[8];
        if (file.Length < 8 || file.ReadAtLeast(prefix, 8, throwOnEndOfStream: false) < 8)
            throw new InvalidDataException($"{path}: {file.Length} bytes, too short for a safetensors file; the download is incomplete, get it again.");
        ulong length = BitConverter.ToUInt64(prefix);
        if (length > MaxHeaderBytes || (long)length > file.Length - 8)
            throw new InvalidDataException(
                $"{path}: the header promises {length} bytes and the file has {file.Length}; it is truncated, damaged or no safetensors file, get it again.");
        byte[] json = new byte[length];
        file.ReadExactly(json);
        try
        {
            return Parse(path, json, 8 + (long)length, file.Length);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException or KeyNotFoundException or OverflowException)
        {
            throw new InvalidDataException($"{path}: the header is not what the safetensors format asks for ({e.Message}); the file is damaged, get it again.");
        }
    }

    private static (List<TensorEntry>, Dictionary<string, string>) Parse(string path, byte[] json, long dataStart, long fileLength)
    {
        using JsonDocument document = JsonDocument.Parse(json);
        List<TensorEntry> tensors = [];
        Dictionary<string, string> metadata = new(StringComparer.Ordinal);
        HashSet<string> names = new(StringComparer.Ordinal);
        foreach (JsonProperty property in document.RootElement.EnumerateObject())
        {
            if (!names.Add(property.Name)) throw new InvalidDataException($"{path}: {property.Name} stands twice in the header; the file is damaged.");
            if (property.Name == "__metadata__")
                foreach (JsonProperty pair in property.Value.EnumerateObject()) metadata[pair.Name] = pair.Value.GetString() ?? "";
            else
                tensors.Add(ParseEntry(path, property, dataStart, fileLength));
        }
        tensors.Sort((a, b) => a.Offset.CompareTo(b.Offset));
        CheckContiguous(path, tensors, dataStart, fileLength);
        return (tensors, metadata);
    }

    private static TensorEntry ParseEntry(string path, JsonProperty property, long dataStart, long fileLength)
    {
        string? spelling = property.Value.GetProperty("dtype").GetString();
        if (!TensorTypes.TryParse(spelling, out TensorType type))
            throw new InvalidDataException($"{path}: {property.Name} has the unknown type {spelling}.");
        long[] shape = [.. property.Value.GetProperty("shape").EnumerateArray().Select(size => size.GetInt64())];
        JsonElement offsets = property.Value.GetProperty("data_offsets");
        long begin = offsets[0].GetInt64(), end = offsets[1].GetInt64();
        if (begin < 0 || end < begin || end > fileLength - dataStart)
            throw new InvalidDataException(
                $"{path}: {property.Name} would lie at bytes {begin} to {end} of {fileLength - dataStart}; the file is truncated or damaged, get it again.");
        if (shape.Any(size => size < 0) || shape.Aggregate(1L, (product, size) => checked(product * size)) * type.Width() != end - begin)
            throw new InvalidDataException(
                $"{path}: {property.Name} of shape ({string.Join(", ", shape)}) and type {spelling} does not take {end - begin} bytes; the file is damaged.");
        return new TensorEntry(property.Name, type, shape, dataStart + begin, end - begin);
    }

    private static void CheckContiguous(string path, List<TensorEntry> tensors, long dataStart, long fileLength)
    {
        long at = dataStart;
        foreach (TensorEntry tensor in tensors)
        {
            if (tensor.Offset != at)
                throw new InvalidDataException($"{path}: {tensor.Name} starts at byte {tensor.Offset}, expected {at}; tensors overlap or leave a gap, the file is damaged.");
            at += tensor.ByteLength;
        }
        if (at != fileLength)
            throw new InvalidDataException($"{path}: the tensors end at byte {at} and the file at {fileLength}; it is truncated or damaged, get it again.");
    }
}
