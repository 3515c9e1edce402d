using System.Text;

namespace MaskLlm.Formats.Gguf;

/// <summary>Writes GGUF files of version 3, one tensor at a time.</summary>
internal static class GgufWriter
{
    /// <summary>Where no <c>general.alignment</c> says otherwise, every tensor begins at a multiple of this.</summary>
    internal const int Alignment = 32;

    /// <summary>The key and value that say who wrote a file, near its beginning.</summary>
    internal const string OwnKey = "general.exported_by", OwnValue = "maskllm";

    private const uint Version = 3;
    private const int LongestName = 63;

    /// <summary>Writes a whole file, or nothing; the tensors lie in the order given.</summary>
    /// <param name="path">The file; replaced where it exists.</param>
    /// <param name="fields">Keys and values.</param>
    /// <param name="tensors">What to write; names are unique.</param>
    /// <exception cref="ArgumentException">A name is too long or appears twice, or rows are not whole blocks.</exception>
    /// <exception cref="InvalidOperationException">A tensor wrote more or fewer bytes than its shape has.</exception>
    /// <exception cref="IOException">The disk refuses.</exception>
    internal static void Write(string path, GgufFields fields, IReadOnlyList<GgufTensor> tensors)
    {
        Check(tensors);
        AtomicFile.Write(path, stream =>
        {
            WriteHeader(stream, fields, tensors);
            foreach (GgufTensor tensor in tensors) WriteTensor(stream, tensor);
        });
    }

    /// <summary>Whether a file is a GGUF file of this program.</summary>
    internal static bool IsOwn(string path)
    {
        Span<byte> head = stackalloc byte[512];
        using FileStream file = File.OpenRead(path);
        head = head[..file.ReadAtLeast(head, head.Length, throwOnEndOfStream: false)];
        return head.StartsWith("GGUF"u8) && head.IndexOf(Encoding.UTF8.GetBytes(OwnKey)) is > 0 and var key
            && head[key..].IndexOf(Encoding.UTF8.GetBytes(OwnValue)) > 0;
    }

    private static void Check(IReadOnlyList<GgufTensor> tensors)
    {
        HashSet<string> names = new(StringComparer.Ordinal);
        foreach (GgufTensor tensor in tensors)
        {
            if (!names.Add(tensor.Name)) throw new ArgumentException($"Tensor '{tensor.Name}' is given twice; a file holds a name once.");
            if (Encoding.UTF8.GetByteCount(tensor.Name) > LongestName)
                throw new ArgumentException($"The name '{tensor.Name}' is longer than the {LongestName} bytes that ggml reads.");
            if (tensor.Shape.Count is < 1 or > 4 || tensor.Shape.Any(size => size < 1) || tensor.Shape[^1] % tensor.Type.BlockValues() != 0)
                throw new ArgumentException(
                    $"Tensor '{tensor.Name}' has the shape ({string.Join(", ", tensor.Shape)}); {tensor.Type.Spelling()} takes 1 to 4 "
                        + $"dimensions and rows of a multiple of {tensor.Type.BlockValues()}.");
        }
    }

    private static void WriteHeader(Stream stream, GgufFields fields, IReadOnlyList<GgufTensor> tensors)
    {
        using BinaryWriter writer = new(stream, Encoding.UTF8, leaveOpen: true);
        writer.Write("GGUF"u8);
        writer.Write(Version);
        writer.Write((ulong)tensors.Count);
        writer.Write((ulong)fields.Count);
        fields.WriteTo(writer);
        long offset = 0;
        foreach (GgufTensor tensor in tensors)
        {
            Describe(writer, tensor, offset);
            offset += Aligned(tensor.ByteLength);
        }
        writer.Flush();
        Pad(stream);
    }

    private static void Describe(BinaryWriter writer, GgufTensor tensor, long offset)
    {
        GgufFields.WriteText(writer, tensor.Name);
        writer.Write((uint)tensor.Shape.Count);
        // The format names the dimension first whose values are neighbours.
        foreach (long size in tensor.Shape.Reverse()) writer.Write((ulong)size);
        writer.Write((uint)tensor.Type);
        writer.Write((ulong)offset);
    }

    private static void WriteTensor(Stream stream, GgufTensor tensor)
    {
        long start = stream.Position;
        tensor.WriteBytes(stream);
        long written = stream.Position - start;
        if (written != tensor.ByteLength)
            throw new InvalidOperationException($"Tensor '{tensor.Name}' wrote {written} bytes and its shape has {tensor.ByteLength}.");
        Pad(stream);
    }

    private static void Pad(Stream stream) => stream.Write(stackalloc byte[(int)(Aligned(stream.Position) - stream.Position)]);

    private static long Aligned(long position) => (position + Alignment - 1) / Alignment * Alignment;
}
