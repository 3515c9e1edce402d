using MaskLlm.Formats.Gguf;

namespace MaskLlm.Tests.Formats.Gguf;

public class GgufWriterTests
{
    [Fact]
    public void Write_EveryKindOfField_ReadsBack()
    {
        GgufFields fields = new();
        fields.Add("text", "Ġ\U0001F600");
        fields.Add("number", int.MaxValue);
        fields.Add("float", 1.5f);
        fields.Add("flag", true);
        fields.Add("texts", ["", "b"]);
        fields.Add("floats", [1.5f, -2f]);
        fields.Add("numbers", new[] { -1, 2 });
        GgufFile file = WriteAndRead(fields);
        Assert.Equal(["text", "number", "float", "flag", "texts", "floats", "numbers"], file.Fields.Keys);
        Assert.Equal(["Ġ\U0001F600", (uint)int.MaxValue, 1.5f, true], file.Fields.Values.Take(4));
        Assert.Equal(["", "b"], file.List("texts"));
        Assert.Equal([1.5f, -2f], file.List("floats"));
        Assert.Equal([-1, 2], file.List("numbers"));
    }

    [Fact]
    public void Write_TensorsOfOddSizes_AreAlignedAndReadBack()
    {
        GgufFile file = WriteAndRead(new GgufFields(), Tensor("a", [3], 1, 2, 3), Tensor("b", [2, 4], 1, 2, 3, 4, 5, 6, 7, 8),
            Tensor("c", [1], 9));
        Assert.Equal([0L, 32, 64], file.Tensors.Values.Select(tensor => tensor.Offset));
        Assert.Equal([2, 4], file.Tensors["b"].Shape);
        Assert.Equal([1, 2, 3], file.Values("a"));
        Assert.Equal([1, 2, 3, 4, 5, 6, 7, 8], file.Values("b"));
        Assert.Equal([9], file.Values("c"));
    }

    [Fact]
    public void Write_NoTensors_IsAFileOfFieldsOnly() => Assert.Empty(WriteAndRead(new GgufFields()).Tensors);

    [Fact]
    public void Add_KeyTwice_IsRefused()
    {
        GgufFields fields = new();
        fields.Add("a", 1);
        Assert.Contains("'a'", Assert.Throws<ArgumentException>(() => fields.Add("a", 2)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Write_TensorTwice_IsRefused() =>
        Assert.Contains("'a'", Refusal(Tensor("a", [1], 1), Tensor("a", [1], 1)), StringComparison.Ordinal);

    [Fact]
    public void Write_LongName_IsRefused() => Assert.Contains("63", Refusal(Tensor(new string('a', 64), [1], 1)), StringComparison.Ordinal);

    [Fact]
    public void Write_RowsThatAreNoWholeBlocks_AreRefused() =>
        Assert.Contains("multiple of 32", Refusal(new GgufTensor("a", GgufType.Q8, [2, 48], _ => { })), StringComparison.Ordinal);

    [Fact]
    public void Write_TensorOfAnotherLength_LeavesNoFile()
    {
        using TemporaryFolder folder = new();
        GgufTensor tensor = new("a", GgufType.Float32, [2], stream => stream.Write(new byte[4]));
        Assert.Throws<InvalidOperationException>(() => GgufWriter.Write(folder.File("a.gguf"), new GgufFields(), [tensor]));
        Assert.Empty(Directory.EnumerateFileSystemEntries(folder.Path));
    }

    private static string Refusal(params GgufTensor[] tensors)
    {
        using TemporaryFolder folder = new();
        string message = Assert.Throws<ArgumentException>(() => GgufWriter.Write(folder.File("a.gguf"), new GgufFields(), tensors)).Message;
        Assert.Empty(Directory.EnumerateFileSystemEntries(folder.Path));
        return message;
    }

    private static GgufFile WriteAndRead(GgufFields fields, params GgufTensor[] tensors)
    {
        using TemporaryFolder folder = new();
        GgufWriter.Write(folder.File("a.gguf"), fields, tensors);
        return new GgufFile(folder.File("a.gguf"));
    }

    private static GgufTensor Tensor(string name, long[] shape, params float[] values) =>
        new(name, GgufType.Float32, shape, stream => stream.Write(System.Runtime.InteropServices.MemoryMarshal.AsBytes<float>(values)));
}
