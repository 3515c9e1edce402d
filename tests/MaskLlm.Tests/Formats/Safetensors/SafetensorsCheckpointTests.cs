using MaskLlm.Formats.Safetensors;

namespace MaskLlm.Tests.Formats.Safetensors;

public sealed class SafetensorsCheckpointTests
{
    [Fact]
    public void Open_OneFile_HasItsTensors()
    {
        using TemporaryFolder folder = new();
        WriteShard(folder, "model.safetensors", "a", "b");
        using SafetensorsCheckpoint checkpoint = SafetensorsCheckpoint.Open(folder.Path);
        Assert.Equal(["a", "b"], checkpoint.Tensors.Keys);
        Assert.Equal([1, 2], checkpoint.Bytes("b").ToArray());
        Assert.Equal([2], checkpoint.Bytes("b", 1, 1).ToArray());
        Assert.Same(checkpoint.Files[0], checkpoint.FileOf("a"));
        Assert.Throws<ArgumentException>(() => checkpoint.Bytes("c").Length);
    }

    [Fact]
    public void Open_Shards_FindsEachTensorWhereTheIndexSays()
    {
        using TemporaryFolder folder = new();
        WriteShard(folder, "1.safetensors", "a", "stray");
        WriteShard(folder, "2.safetensors", "b");
        WriteIndex(folder, """{"metadata":{"total_size":4},"weight_map":{"b":"2.safetensors","a":"1.safetensors"}}""");
        using SafetensorsCheckpoint checkpoint = SafetensorsCheckpoint.Open(folder.Path);
        Assert.Equal(["a", "b"], checkpoint.Tensors.Keys);
        Assert.Equal(2, checkpoint.Files.Count);
        Assert.EndsWith("2.safetensors", checkpoint.FileOf("b").Path, StringComparison.Ordinal);
    }

    [Fact]
    public void Open_ShardedModelOfTransformers_HasAllTensors()
    {
        string? folder = Fixture.Shared("fixtures/models/llama-bf16-sharded");
        if (folder is null) Assert.Skip("shared/ is not on this machine");
        using SafetensorsCheckpoint checkpoint = SafetensorsCheckpoint.Open(folder);
        Assert.Equal(2, checkpoint.Files.Count);
        Assert.Equal(TensorType.BFloat16, checkpoint.Tensors["model.embed_tokens.weight"].Type);
        Assert.Equal(128 * 32 * 2, checkpoint.Bytes("model.embed_tokens.weight").Length);
    }

    [Theory]
    [InlineData("""{"weight_map":{"a":"1.safetensors","b":"2.safetensors"}}""", "shard 2.safetensors is not in the folder")]
    [InlineData("""{"weight_map":{"a":"1.safetensors","b":"1.safetensors"}}""", "tensor 'b' should be in 1.safetensors")]
    [InlineData("""{"weight_map":{"a":"../1.safetensors"}}""", "no plain file name")]
    [InlineData("""{"weight_map":{"a":"1.safetensors","a":"1.safetensors"}}""", "the key \"a\" is there twice")]
    [InlineData("""{"weight_map":{"a":1}}""", "tensor 'a' has no shard that is a text")]
    [InlineData("""{"weight_map":{}}""", "its weight_map is empty")]
    [InlineData("""{"weight_map":[]}""", "no weight_map")]
    [InlineData("""[]""", "no weight_map")]
    [InlineData("""{"weight_map":""", "not valid JSON")]
    public void Open_WrongIndex_SaysWhatIsWrong(string index, string expected)
    {
        using TemporaryFolder folder = new();
        WriteShard(folder, "1.safetensors", "a");
        WriteIndex(folder, index);
        InvalidDataException error = Assert.Throws<InvalidDataException>(() => SafetensorsCheckpoint.Open(folder.Path));
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
        Assert.Contains("model.safetensors.index.json", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("pytorch_model.bin")]
    [InlineData("consolidated.00.pth")]
    [InlineData("model.pt")]
    public void Open_OnlyPickledWeights_RefusesThem(string name)
    {
        using TemporaryFolder folder = new();
        folder.Write(name, [1]);
        InvalidDataException error = Assert.Throws<InvalidDataException>(() => SafetensorsCheckpoint.Open(folder.Path));
        Assert.Contains(name, error.Message, StringComparison.Ordinal);
        Assert.Contains("can run arbitrary code when loaded", error.Message, StringComparison.Ordinal);
        Assert.Contains("convert to safetensors with", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Open_EmptyFolder_SaysWhatItShouldHold()
    {
        using TemporaryFolder folder = new();
        InvalidDataException error = Assert.Throws<InvalidDataException>(() => SafetensorsCheckpoint.Open(folder.Path));
        Assert.Contains("neither model.safetensors nor model.safetensors.index.json", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Open_HubName_SaysHowToDownload()
    {
        DirectoryNotFoundException error = Assert.Throws<DirectoryNotFoundException>(() =>
            SafetensorsCheckpoint.Open("no-such-org/Llama-2.7b"));
        Assert.Contains("not a folder", error.Message, StringComparison.Ordinal);
        Assert.Contains("hf download no-such-org/Llama-2.7b --local-dir Llama-2.7b", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Open_NoFolder_SaysSoWithoutTheHub()
    {
        DirectoryNotFoundException error = Assert.Throws<DirectoryNotFoundException>(() => SafetensorsCheckpoint.Open("/no/such/folder"));
        Assert.DoesNotContain("hf download", error.Message, StringComparison.Ordinal);
    }

    private static void WriteShard(TemporaryFolder folder, string name, params string[] tensors) =>
        SafetensorsWriter.Write(folder.File(name),
            [.. tensors.Select(tensor => new TensorToWrite(tensor, TensorType.UInt8, [2], 2, stream => stream.Write([1, 2])))]);

    private static void WriteIndex(TemporaryFolder folder, string json) =>
        File.WriteAllText(folder.File("model.safetensors.index.json"), json);
}
