using System.Runtime.InteropServices;
using MaskLlm.Formats.Logits;
using MaskLlm.Formats.Safetensors;

namespace MaskLlm.Tests.Formats;

public sealed class LogitsFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Read_GroupsInTheMiddle_AreTheirOwnScores()
    {
        using LogitsFile file = LogitsFile.Open(Write("2:4", Tensor("b", [3, 6]), Tensor("a", [1, 6])));
        Assert.Equal(["b", "a"], file.Names);
        Assert.Equal("2:4", file.Pattern.ToString());
        Assert.Equal((3, 1, null), (file.GroupsOf("b"), file.GroupsOf("a"), file.GroupsOf("c")));
        Assert.Equal(Enumerable.Range(0, 18).Select(i => (float)i), file.Read("b", 0, 3).ToArray());
        Assert.Equal(Enumerable.Range(6, 12).Select(i => (float)i), file.Read("b", 1, 2).ToArray());
        Assert.Equal([0f, 1, 2, 3, 4, 5], file.Read("a", 0, 1).ToArray());
    }

    [Theory]
    [InlineData(new long[] { 0, 6 }, "F32 of shape (0, 6)")]
    [InlineData(new long[] { 2, 5 }, "F32 of shape (2, 5)")]
    [InlineData(new long[] { 2, 6, 1 }, "F32 of shape (2, 6, 1)")]
    [InlineData(new long[] { 12 }, "F32 of shape (12)")]
    public void Open_AnotherShape_IsRefused(long[] shape, string found) => AssertRefused(Write("2:4", Tensor("w", shape)), found);

    [Fact]
    public void Open_AnotherType_IsRefused() => AssertRefused(
        Write("2:4", new TensorToWrite("w", TensorType.Int32, [1, 6], 24, stream => stream.Write(new byte[24]))), "I32 of shape (1, 6)");

    [Fact]
    public void Open_NothingInIt_IsRefused() => AssertRefused(Write("2:4"), "holds no logits; name what learning with `SaveLogits` wrote.");

    [Theory]
    [InlineData("two", "the header's pattern is damaged")]
    [InlineData(null, "its header names no pattern")]
    public void Open_NoPattern_IsRefused(string? pattern, string said) => AssertRefused(Write(pattern, Tensor("w", [1, 6])), said);

    [Fact]
    public void Open_LogitsOfItems_AreRefused()
    {
        string path = _folder.File("items.safetensors");
        Dictionary<string, string> metadata = new() { ["pattern"] = "2:4", ["parametrization"] = "items" };
        SafetensorsWriter.Write(path, [Tensor("w", [1, 6])], metadata);
        AssertRefused(path, "logits of items");
    }

    /// <summary>A file without a checksum is an earlier version's; one with another checksum is damaged.</summary>
    [Fact]
    public void Open_ChangedAfterItWasWritten_IsRefused()
    {
        string path = _folder.File("checked.safetensors");
        SafetensorsWriter.WriteChecked(path, [Tensor("w", [2, 6])], new Dictionary<string, string> { ["pattern"] = "2:4" });
        LogitsFile.Open(path).Dispose();
        byte[] bytes = File.ReadAllBytes(path);
        bytes[^1] ^= 1;
        File.WriteAllBytes(path, bytes);
        AssertRefused(path, "is damaged");
    }

    private static void AssertRefused(string path, string said)
    {
        string message = Assert.Throws<InvalidDataException>(() => LogitsFile.Open(path)).Message;
        Assert.StartsWith(path, message, StringComparison.Ordinal);
        Assert.Contains(said, message, StringComparison.Ordinal);
    }

    private string Write(string? pattern, params TensorToWrite[] tensors)
    {
        string path = _folder.File("logits.safetensors");
        SafetensorsWriter.Write(path, tensors, pattern is null ? null : new Dictionary<string, string> { ["pattern"] = pattern });
        return path;
    }

    // 0, 1, 2 and so on.
    private static TensorToWrite Tensor(string name, long[] shape)
    {
        float[] values = [.. Enumerable.Range(0, (int)shape.Aggregate(1L, (product, size) => product * size)).Select(i => (float)i)];
        return new TensorToWrite(name, TensorType.Float32, shape, values.Length * sizeof(float), stream =>
            stream.Write(MemoryMarshal.AsBytes(values.AsSpan())));
    }
}
