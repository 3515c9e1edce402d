using System.Buffers.Binary;
using System.Collections.ObjectModel;
using System.Text;
using System.Text.Json;

namespace MaskLlm.Formats.Safetensors;

/// <summary>Writes safetensors files, one tensor at a time.</summary>
public static class SafetensorsWriter
{
    private const int Alignment = 8;

    /// <summary>
    /// Writes a whole file, or nothing. The tensors lie by falling width of their elements, so that all are aligned, and
    /// otherwise in the order given; they are asked for their bytes in the order in which they lie.
    /// </summary>
    /// <param name="path">The file; replaced where it exists.</param>
    /// <param name="tensors">What to write; names are unique.</param>
    /// <param name="metadata">Text about the file, such as <c>format</c> = <c>pt</c>; null for none.</param>
    /// <param name="alignment">The first tensor's first byte is at a multiple of this in the file: a multiple of 8.</param>
    /// <exception cref="ArgumentException">A name appears twice or is reserved, or a length does not fit its shape.</exception>
    /// <exception cref="InvalidOperationException">A tensor wrote more or fewer bytes than it said.</exception>
    /// <exception cref="IOException">The folder is missing, or the disk refuses.</exception>
    public static void Write(string path, IReadOnlyList<TensorToWrite> tensors, IReadOnlyDictionary<string, string>? metadata = null,
        int alignment = Alignment)
    {
        (TensorToWrite[] ordered, byte[] header) = Prepare(tensors, metadata, alignment);
        AtomicFile.Write(path, stream => Write(stream, ordered, header));
    }

    /// <summary>
    /// The same with a checksum in the metadata, for files that this program reads again; see
    /// <see cref="SafetensorsFile.OpenChecked"/>.
    /// </summary>
    internal static void WriteChecked(string path, IReadOnlyList<TensorToWrite> tensors,
        IReadOnlyDictionary<string, string>? metadata = null, int alignment = Alignment)
    {
        (TensorToWrite[] ordered, byte[] header) = Prepare(tensors, WithChecksum(metadata), alignment);
        AtomicFile.Write(path, stream => WriteChecked(stream, ordered, header));
    }

    /// <summary>The same file into memory, without a checksum.</summary>
    /// <param name="name">What messages call it.</param>
    /// <param name="tensors">What to write; names are unique.</param>
    /// <param name="metadata">Text about the file.</param>
    /// <param name="alignment">As for a file.</param>
    internal static SafetensorsFile Collect(string name, IReadOnlyList<TensorToWrite> tensors,
        IReadOnlyDictionary<string, string>? metadata, int alignment)
    {
        (TensorToWrite[] ordered, byte[] header) = Prepare(tensors, metadata, alignment);
        return SafetensorsFile.Of(name,
            FileBytes.Collect(name, header.Length + ordered.Sum(tensor => tensor.ByteLength), stream => Write(stream, ordered, header)));
    }

    private static (TensorToWrite[] Ordered, byte[] Header) Prepare(IReadOnlyList<TensorToWrite> tensors,
        IReadOnlyDictionary<string, string>? metadata, int alignment)
    {
        ArgumentNullException.ThrowIfNull(tensors);
        Check(tensors);
        TensorToWrite[] ordered = [.. tensors.OrderByDescending(tensor => tensor.Type.ByteWidth())];
        return (ordered, Header(ordered, metadata, alignment));
    }

    private static OrderedDictionary<string, string> WithChecksum(IReadOnlyDictionary<string, string>? metadata) =>
        new(metadata ?? ReadOnlyDictionary<string, string>.Empty, StringComparer.Ordinal)
        {
            [SafetensorsChecksum.Key] = SafetensorsChecksum.Unknown,
        };

    private static void Write(Stream stream, TensorToWrite[] ordered, byte[] header)
    {
        stream.Write(header);
        foreach (TensorToWrite tensor in ordered) WriteTensor(stream, tensor);
    }

    private static void WriteChecked(Stream stream, TensorToWrite[] ordered, byte[] header)
    {
        ChecksumStream hashed = new(stream);
        Write(hashed, ordered, header);
        stream.Position = SafetensorsChecksum.Find(header, SafetensorsChecksum.Unknown);
        stream.Write(Encoding.ASCII.GetBytes(hashed.Digits));
    }

    private static void Check(IReadOnlyList<TensorToWrite> tensors)
    {
        HashSet<string> names = new(StringComparer.Ordinal);
        foreach (TensorToWrite tensor in tensors)
        {
            if (tensor.Name == SafetensorsHeader.MetadataKey)
                throw new ArgumentException($"'{tensor.Name}' cannot name a tensor: the format keeps it for text about the file.");
            if (!names.Add(tensor.Name)) throw new ArgumentException($"Tensor '{tensor.Name}' is given twice; a file holds a name once.");
            bool fits = tensor.Shape.All(dimension => dimension >= 0)
                && TensorTypes.ByteLength(tensor.Type, tensor.Shape) == tensor.ByteLength;
            if (!fits)
                throw new ArgumentException($"Tensor '{tensor.Name}' is given {tensor.ByteLength} bytes, which do not fit the shape "
                    + $"[{string.Join(", ", tensor.Shape)}] in {tensor.Type.Spelling()}.");
        }
    }

    private static byte[] Header(TensorToWrite[] ordered, IReadOnlyDictionary<string, string>? metadata, int alignment)
    {
        using MemoryStream bytes = new();
        bytes.Write(stackalloc byte[SafetensorsHeader.PrefixBytes]);
        using (Utf8JsonWriter json = new(bytes)) WriteJson(json, ordered, metadata);
        while (bytes.Length % alignment != 0) bytes.WriteByte((byte)' ');
        byte[] header = bytes.ToArray();
        int length = header.Length - SafetensorsHeader.PrefixBytes;
        if (length > SafetensorsHeader.LargestBytes)
            throw new ArgumentException($"The names and metadata take {length} bytes and a safetensors file allows "
                + $"{SafetensorsHeader.LargestBytes}.");
        BinaryPrimitives.WriteInt64LittleEndian(header, length);
        return header;
    }

    private static void WriteJson(Utf8JsonWriter json, TensorToWrite[] ordered, IReadOnlyDictionary<string, string>? metadata)
    {
        json.WriteStartObject();
        if (metadata is not null) WriteMetadata(json, metadata);
        long position = 0;
        foreach (TensorToWrite tensor in ordered)
        {
            json.WriteStartObject(tensor.Name);
            json.WriteString("dtype", tensor.Type.Spelling());
            WriteNumbers(json, "shape", tensor.Shape);
            WriteNumbers(json, "data_offsets", [position, position + tensor.ByteLength]);
            json.WriteEndObject();
            position += tensor.ByteLength;
        }
        json.WriteEndObject();
    }

    private static void WriteMetadata(Utf8JsonWriter json, IReadOnlyDictionary<string, string> metadata)
    {
        json.WriteStartObject(SafetensorsHeader.MetadataKey);
        foreach ((string key, string value) in metadata) json.WriteString(key, value);
        json.WriteEndObject();
    }

    private static void WriteNumbers(Utf8JsonWriter json, string name, IReadOnlyList<long> numbers)
    {
        json.WriteStartArray(name);
        foreach (long number in numbers) json.WriteNumberValue(number);
        json.WriteEndArray();
    }

    private static void WriteTensor(Stream stream, TensorToWrite tensor)
    {
        long start = stream.Position;
        tensor.WriteBytes(stream);
        long written = stream.Position - start;
        if (written != tensor.ByteLength)
            throw new InvalidOperationException($"Tensor '{tensor.Name}' wrote {written} bytes and had said {tensor.ByteLength}.");
    }
}
