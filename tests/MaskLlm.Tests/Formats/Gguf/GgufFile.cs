using System.Text;
using MaskLlm.Formats.Gguf;

namespace MaskLlm.Tests.Formats.Gguf;

/// <summary>Reads a GGUF file as the format describes it, apart from the code that writes one.</summary>
internal sealed class GgufFile
{
    private const int Alignment = 32, BlockValues = 32;

    private readonly byte[] _bytes;
    private readonly long _dataStart;

    internal GgufFile(string path)
    {
        _bytes = File.ReadAllBytes(path);
        using BinaryReader reader = new(new MemoryStream(_bytes), Encoding.UTF8);
        Assert.Equal("GGUF"u8.ToArray(), reader.ReadBytes(4));
        Assert.Equal(3u, reader.ReadUInt32());
        (ulong tensors, ulong fields) = (reader.ReadUInt64(), reader.ReadUInt64());
        for (ulong i = 0; i < fields; i++) Fields.Add(Text(reader), Value(reader, reader.ReadUInt32()));
        for (ulong i = 0; i < tensors; i++) ReadTensor(reader);
        _dataStart = Aligned(reader.BaseStream.Position);
        CheckLayout();
    }

    /// <summary>The values by key: uint, int, float, bool, string, or a list of these.</summary>
    internal OrderedDictionary<string, object> Fields { get; } = [];

    /// <summary>Type, row-major shape and offset of the tensors by name.</summary>
    internal OrderedDictionary<string, (GgufType Type, long[] Shape, long Offset)> Tensors { get; } = [];

    internal object[] List(string key) => (object[])Fields[key];

    /// <summary>The values of a tensor, whatever its type.</summary>
    internal float[] Values(string name)
    {
        (GgufType type, long[] shape, _) = Tensors[name];
        int count = (int)shape.Aggregate(1L, (product, size) => product * size);
        ReadOnlySpan<byte> bytes = Bytes(name);
        float[] values = new float[count];
        for (int i = 0; i < count; i++) values[i] = ValueAt(type, bytes, i);
        return values;
    }

    /// <summary>The bytes of a tensor.</summary>
    internal ReadOnlySpan<byte> Bytes(string name)
    {
        (GgufType type, long[] shape, long offset) = Tensors[name];
        return _bytes.AsSpan((int)(_dataStart + offset), (int)ByteLength(type, shape));
    }

    internal static float ValueAt(GgufType type, ReadOnlySpan<byte> bytes, int index)
    {
        (int block, int inBlock) = Math.DivRem(index, BlockValues);
        switch (type)
        {
            case GgufType.Float32: return BitConverter.ToSingle(bytes[(4 * index)..]);
            case GgufType.Float16: return (float)BitConverter.ToHalf(bytes[(2 * index)..]);
            case GgufType.BFloat16: return BitConverter.UInt32BitsToSingle((uint)BitConverter.ToUInt16(bytes[(2 * index)..]) << 16);
            case GgufType.Q8:
                ReadOnlySpan<byte> eight = bytes.Slice(34 * block, 34);
                return (float)BitConverter.ToHalf(eight) * (sbyte)eight[2 + inBlock];
            default:
                ReadOnlySpan<byte> four = bytes.Slice(18 * block, 18);
                int nibble = inBlock < 16 ? four[2 + inBlock] & 15 : four[2 + inBlock - 16] >> 4;
                return (float)BitConverter.ToHalf(four) * (nibble - 8);
        }
    }

    private static long ByteLength(GgufType type, long[] shape)
    {
        long count = shape.Aggregate(1L, (product, size) => product * size);
        return type switch
        {
            GgufType.Float32 => 4 * count,
            GgufType.Q8 => count / 32 * 34,
            GgufType.Q4 => count / 32 * 18,
            _ =>
            2 * count
        };
    }

    private void ReadTensor(BinaryReader reader)
    {
        string name = Text(reader);
        long[] shape = new long[reader.ReadUInt32()];
        for (int i = shape.Length - 1; i >= 0; i--) shape[i] = (long)reader.ReadUInt64();
        Tensors.Add(name, ((GgufType)reader.ReadUInt32(), shape, (long)reader.ReadUInt64()));
    }

    // One after another, each aligned, and nothing after the last.
    private void CheckLayout()
    {
        long next = 0;
        foreach ((string name, (GgufType type, long[] shape, long offset)) in Tensors)
        {
            Assert.True(offset == next, $"{name} lies at {offset} and not at {next}.");
            next = Aligned(offset + ByteLength(type, shape));
        }
        Assert.Equal(_bytes.Length, _dataStart + next);
    }

    private static long Aligned(long position) => (position + Alignment - 1) / Alignment * Alignment;

    private static string Text(BinaryReader reader) => Encoding.UTF8.GetString(reader.ReadBytes((int)reader.ReadUInt64()));

    private static object Value(BinaryReader reader, uint kind) => kind switch
    {
        4 => reader.ReadUInt32(),
        5 => reader.ReadInt32(),
        6 => reader.ReadSingle(),
        7 => reader.ReadBoolean(),
        8 => Text(reader),
        9 => Array(reader),
        _ => throw new InvalidDataException($"kind {kind}"),
    };

    private static object[] Array(BinaryReader reader)
    {
        uint kind = reader.ReadUInt32();
        object[] values = new object[reader.ReadUInt64()];
        for (int i = 0; i < values.Length; i++) values[i] = Value(reader, kind);
        return values;
    }
}
