using CsCheck;
using MaskLlm.Formats.Safetensors;

namespace MaskLlm.Tests.Formats.Safetensors;

public sealed class SafetensorsWriterTests
{
    private static readonly Gen<(TensorType Type, long[] Shape, byte[] Bytes)> AnyTensor =
        from type in Gen.Enum<TensorType>()
        from shape in Gen.Long[0, 4].Array[0, 3]
        from bytes in Gen.Byte.Array[(int)shape.Aggregate((long)type.ByteWidth(), (product, dimension) => product * dimension)]
        select (type, shape, bytes);

    [Fact]
    public void Write_AnyTensors_AreReadBackBitForBit() => AnyTensor.Array[0, 6].Sample(tensors =>
    {
        using TemporaryFolder folder = new();
        string path = folder.File("a.safetensors");
        SafetensorsWriter.Write(path,
            [.. tensors.Select((tensor, i) => ToWrite($"tensor.é\"{i}", tensor.Type, tensor.Shape, tensor.Bytes))]);
        using SafetensorsFile file = SafetensorsFile.Open(path);
        Assert.Equal(tensors.Length, file.Tensors.Count);
        for (int i = 0; i < tensors.Length; i++)
        {
            TensorEntry entry = file.Tensors[$"tensor.é\"{i}"];
            Assert.Equal(tensors[i].Type, entry.Type);
            Assert.Equal(tensors[i].Shape, entry.Shape);
            Assert.Equal(tensors[i].Bytes, file.Bytes(entry).ToArray());
            Assert.Equal(0, entry.Offset % entry.Type.ByteWidth());
        }
    }, iter: 100);

    [Fact]
    public void Write_FixtureCopied_KeepsEveryByteOfEveryType()
    {
        using TemporaryFolder folder = new();
        using SafetensorsFile source = SafetensorsFile.Open(Fixture.PathOf("exchange/torch-semi-structured.safetensors"));
        SafetensorsWriter.Write(folder.File("a.safetensors"), [.. source.InFileOrder.Select(entry => new TensorToWrite(
            entry.Name, entry.Type, entry.Shape, entry.ByteLength, stream => stream.Write(source.Bytes(entry))))]);
        using SafetensorsFile copy = SafetensorsFile.Open(folder.File("a.safetensors"));
        Assert.Contains(copy.InFileOrder, entry => entry.Type == TensorType.BFloat16);
        foreach (TensorEntry entry in source.InFileOrder)
            Assert.True(source.Bytes(entry).SequenceEqual(copy.Bytes(copy.Tensors[entry.Name])));
    }

    [Fact]
    public void Write_OneTensor_PadsTheHeaderWithSpaces()
    {
        using TemporaryFolder folder = new();
        string path = folder.File("a.safetensors");
        SafetensorsWriter.Write(path, [ToWrite("w", TensorType.UInt8, [2], [7, 8])], new Dictionary<string, string> { ["format"] = "pt" });
        string json = """{"__metadata__":{"format":"pt"},"w":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}""";
        json = json.PadRight((json.Length + 7) / 8 * 8);
        Assert.Equal([(byte)json.Length, 0, 0, 0, 0, 0, 0, 0, .. System.Text.Encoding.UTF8.GetBytes(json), 7, 8], File.ReadAllBytes(path));
    }

    [Fact]
    public void Write_WhatCannotBeRead_IsRefused()
    {
        using TemporaryFolder folder = new();
        string path = folder.File("a.safetensors");
        TensorToWrite good = ToWrite("w", TensorType.UInt8, [2], [7, 8]);
        Assert.Throws<ArgumentException>(() => SafetensorsWriter.Write(path, [good, good]));
        Assert.Throws<ArgumentException>(() => SafetensorsWriter.Write(path, [good with { Name = "__metadata__" }]));
        Assert.Throws<ArgumentException>(() => SafetensorsWriter.Write(path, [good with { ByteLength = 3 }]));
        Assert.Throws<ArgumentException>(() => SafetensorsWriter.Write(path, [good with { Shape = [-1, -2] }]));
        Assert.Throws<InvalidOperationException>(() =>
            SafetensorsWriter.Write(path, [good with { WriteBytes = stream => stream.WriteByte(1) }]));
        Assert.Empty(Directory.GetFileSystemEntries(folder.Path));
    }

    private static TensorToWrite ToWrite(string name, TensorType type, long[] shape, byte[] bytes) =>
        new(name, type, shape, bytes.Length, stream => stream.Write(bytes));
}
