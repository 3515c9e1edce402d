using System.Buffers.Binary;
using System.Text;
using MaskLlm.Formats.Safetensors;

namespace MaskLlm.Tests.Formats.Safetensors;

public sealed class SafetensorsFileTests
{
    private const string SmallHeader =
        """{"__metadata__":{"format":"pt"},"a":{"dtype":"F32","shape":[2,1],"data_offsets":[0,8]},"b":{"dtype":"U8","shape":[3],"data_offsets":[8,11]}}""";

    public static TheoryData<string, string> WrongHeaders() => new()
    {
        { "", "not valid JSON" },
        { "[]", "no JSON object" },
        { """{"a":{"dtype":"U8","shape":[11],"data_offsets":[0,11]}""", "not valid JSON" },
        { """{"\ud800":{"dtype":"U8","shape":[11],"data_offsets":[0,11]}}""", "not valid JSON" },
        { """{"a":3}""", "tensor 'a' is described by no JSON object" },
        { """{"a":{"shape":[11],"data_offsets":[0,11]}}""", "tensor 'a' has no dtype" },
        { """{"a":{"dtype":"U8","data_offsets":[0,11]}}""", "tensor 'a' has no shape" },
        { """{"a":{"dtype":"U8","shape":[11]}}""", "tensor 'a' has no data_offsets" },
        { """{"a":{"dtype":"F4","shape":[11],"data_offsets":[0,11]}}""", "tensor 'a' has dtype 'F4'" },
        { """{"a":{"dtype":"U8","shape":[-11],"data_offsets":[0,11]}}""", "tensor 'a' has -11 in its shape" },
        { """{"a":{"dtype":"U8","shape":[11.5],"data_offsets":[0,11]}}""", "tensor 'a' has 11.5 in its shape" },
        { """{"a":{"dtype":"U8","shape":[12],"data_offsets":[0,11]}}""", "has 11 bytes and its shape [12] in U8 needs 12" },
        { """{"a":{"dtype":"U8","shape":[4294967296,4294967296],"data_offsets":[0,11]}}""", "has 11 bytes and its shape" },
        { """{"a":{"dtype":"U8","shape":[12],"data_offsets":[0,12]}}""", "lies at bytes [0, 12] of the data, which has 11" },
        { """{"a":{"dtype":"U8","shape":[11],"data_offsets":[11,0]}}""", "lies at bytes [11, 0]" },
        { """{"a":{"dtype":"U8","shape":[11],"data_offsets":[0]}}""", "lies at bytes [0]" },
        { """{"a":{"dtype":"U8","shape":[8],"data_offsets":[0,8]},"b":{"dtype":"U8","shape":[4],"data_offsets":[7,11]}}""", "tensor 'b' begins at" },
        { """{"a":{"dtype":"U8","shape":[7],"data_offsets":[0,7]},"b":{"dtype":"U8","shape":[3],"data_offsets":[8,11]}}""", "tensor 'b' begins at" },
        { """{"a":{"dtype":"U8","shape":[10],"data_offsets":[0,10]}}""", "the tensors end at byte" },
        { """{"a":{"dtype":"U8","shape":[11],"data_offsets":[0,11]},"a":{"dtype":"U8","shape":[11],"data_offsets":[0,11]}}""", "the key \"a\" is there twice" },
        { """{"__metadata__":3,"a":{"dtype":"U8","shape":[11],"data_offsets":[0,11]}}""", "__metadata__ is no JSON object" },
        { """{"__metadata__":{"n":1},"a":{"dtype":"U8","shape":[11],"data_offsets":[0,11]}}""", "__metadata__ 'n' is no text" },
    };

    [Fact]
    public void Open_FileOfCompressedTensors_FindsTypesShapesAndBytes()
    {
        using SafetensorsFile file = SafetensorsFile.Open(Fixture.PathOf("exchange/sparse-24-bitmask.safetensors"));
        TensorEntry dense = file.Tensors["bf16.dense"];
        Assert.Equal(TensorType.BFloat16, dense.Type);
        Assert.Equal([64, 96], dense.Shape);
        Assert.Equal(64 * 96 * 2, file.Bytes(dense).Length);
        Assert.Equal(8 + 904 + 43008, dense.Offset);
        Assert.Equal("f32.compressed", file.InFileOrder[0].Name);
        Assert.Equal(file.InFileOrder.Select(entry => entry.Name), file.Tensors.Keys);
    }

    [Theory]
    [InlineData("exchange/sparse-24-bitmask.safetensors")]
    [InlineData("exchange/torch-semi-structured.safetensors")]
    [InlineData("method/oneshot-layer.safetensors")]
    public void Bytes_AnyTensor_AreThoseOfTheFile(string fixture)
    {
        byte[] whole = File.ReadAllBytes(Fixture.PathOf(fixture));
        using SafetensorsFile file = SafetensorsFile.Open(Fixture.PathOf(fixture));
        foreach (TensorEntry entry in file.InFileOrder)
        {
            Assert.True(whole.AsSpan((int)entry.Offset, (int)entry.ByteLength).SequenceEqual(file.Bytes(entry)));
            Assert.True(whole.AsSpan((int)entry.Offset + 1, 2).SequenceEqual(file.Bytes(entry, 1, 2)));
        }
    }

    [Fact]
    public void Open_SmallFile_ReadsMetadataAndSlices()
    {
        using TemporaryFolder folder = new();
        using SafetensorsFile file = SafetensorsFile.Open(folder.Write("a.safetensors", Bytes(SmallHeader)));
        Assert.Equal("pt", file.Metadata["format"]);
        Assert.Equal([9, 10], file.Bytes(file.Tensors["b"], 1, 2).ToArray());
        Assert.Throws<ArgumentOutOfRangeException>(() => file.Bytes(file.Tensors["b"], 2, 2).Length);
        Assert.Throws<ArgumentOutOfRangeException>(() => file.Bytes(file.Tensors["b"], long.MaxValue, 2).Length);
        file.Dispose();
        Assert.Throws<ObjectDisposedException>(() => file.Bytes(file.InFileOrder[0]).Length);
    }

    [Theory, MemberData(nameof(WrongHeaders))]
    public void Open_WrongHeader_SaysWhatIsWrong(string header, string expected)
    {
        using TemporaryFolder folder = new();
        string path = folder.Write("a.safetensors", Bytes(header));
        InvalidDataException error = Assert.Throws<InvalidDataException>(() => SafetensorsFile.Open(path));
        Assert.StartsWith(path, error.Message, StringComparison.Ordinal);
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(200UL)]
    [InlineData(100_000_001UL)]
    [InlineData(ulong.MaxValue)]
    public void Open_HeaderLongerThanTheFile_AllocatesNothingOfThatSize(ulong claimed)
    {
        using TemporaryFolder folder = new();
        byte[] bytes = Bytes(SmallHeader);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, claimed);
        string path = folder.Write("a.safetensors", bytes);
        long before = GC.GetAllocatedBytesForCurrentThread();
        InvalidDataException error = Assert.Throws<InvalidDataException>(() => SafetensorsFile.Open(path));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1_000_000);
        Assert.Contains($"the header claims {claimed} bytes", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Open_CutOffAnywhere_IsInvalidData()
    {
        using TemporaryFolder folder = new();
        byte[] bytes = Bytes(SmallHeader);
        for (int length = 0; length < bytes.Length; length++)
        {
            string path = folder.Write("a.safetensors", bytes[..length]);
            Assert.Throws<InvalidDataException>(() => SafetensorsFile.Open(path));
        }
    }

    // A changed letter of a name or of metadata still makes a whole file; everything else must be noticed.
    [Fact]
    public void Open_AnyHeaderByteFlipped_IsInvalidDataOrAWholeFile()
    {
        using TemporaryFolder folder = new();
        byte[] bytes = Bytes(SmallHeader);
        for (int position = 0; position < bytes.Length - 11; position++)
        {
            foreach (byte flip in new byte[] { 0x01, 0x02, 0x10, 0x20, 0x80, 0xFF })
            {
                byte[] damaged = [.. bytes];
                damaged[position] ^= flip;
                CheckOpens(folder.Write("a.safetensors", damaged));
            }
        }
    }

    [Fact]
    public void Open_NoSuchFile_SaysSo() =>
        Assert.Throws<FileNotFoundException>(() => SafetensorsFile.Open(Path.Combine(AppContext.BaseDirectory, "missing.safetensors")));

    private static void CheckOpens(string path)
    {
        try
        {
            using SafetensorsFile file = SafetensorsFile.Open(path);
            Assert.Equal(11, file.InFileOrder.Sum(entry => entry.ByteLength));
            foreach (TensorEntry entry in file.InFileOrder) Assert.Equal(entry.ByteLength, file.Bytes(entry).Length);
        }
        catch (InvalidDataException error)
        {
            Assert.StartsWith(path, error.Message, StringComparison.Ordinal);
        }
    }

    private static byte[] Bytes(string header)
    {
        byte[] text = Encoding.UTF8.GetBytes(header);
        byte[] length = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(length, text.Length);
        return [.. length, .. text, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
    }
}
