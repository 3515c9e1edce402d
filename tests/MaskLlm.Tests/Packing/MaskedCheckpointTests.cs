using MaskLlm.Formats;
using MaskLlm.Formats.Safetensors;
using MaskLlm.Masks;
using MaskLlm.Models;
using MaskLlm.Packing;
using MaskLlm.Tests.Machine;
using MaskLlm.Tests.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace MaskLlm.Tests.Packing;

[Collection(TorchTests.Name)]
public class MaskedCheckpointTests
{
    [Theory]
    [InlineData("llama-gqa-tied")]
    [InlineData("llama-bf16-sharded")]
    [InlineData("llama-f16")]
    public void Write_Model_ChangesOnlyPrunedValuesAndNegativeZeros(string model)
    {
        using TemporaryFolder folder = new();
        IReadOnlyDictionary<string, Mask> masks = ModelMasks.Of(model);
        Write(ModelMasks.Folder(model), masks, folder.File("out"));

        using SafetensorsCheckpoint source = SafetensorsCheckpoint.Open(ModelMasks.Folder(model)),
            written = SafetensorsCheckpoint.Open(folder.File("out"));
        Assert.Equal(source.Files.Select(file => Path.GetFileName(file.Path)), written.Files.Select(file => Path.GetFileName(file.Path)));
        foreach ((SafetensorsFile before, SafetensorsFile after) in source.Files.Zip(written.Files)) CheckFile(before, after, masks);
        Assert.Equal(14, masks.Count);
        Assert.All(masks.Keys, name => Assert.Contains(name, written.Tensors.Keys));
    }

    [Theory]
    [InlineData("llama-gqa-tied")]
    [InlineData("llama-bf16-sharded")]
    [InlineData("llama-f16")]
    public void Write_Model_LoadsWithTheLogitsOfMaskedWeights(string model)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGradient = no_grad();
        using TemporaryFolder folder = new();
        IReadOnlyDictionary<string, Mask> masks = ModelMasks.Of(model);
        Write(ModelMasks.Folder(model), masks, folder.File("out"));
        Tensor ids = TensorFile.Read(Fixture.PathOf($"models/{model}/expected.safetensors"))["input_ids"];

        using Decoder dense = Checkpoint.Load(ModelMasks.Folder(model)), written = Checkpoint.Load(folder.File("out"));
        Tensor unmasked = dense.Forward(ids);
        using MaskedWeights applied = MaskedWeights.Apply(dense, masks);
        Tensor expected = dense.Forward(ids);

        Assert.True(TensorFile.MaxDifference(written.Forward(ids), expected) == 0);
        Assert.True(TensorFile.MaxDifference(unmasked, expected) > 0);
    }

    [Fact]
    public void Write_FolderWithOtherFiles_CopiesThemButNoOtherWeights()
    {
        using TemporaryFolder folder = new();
        string source = OneTensor(folder, TensorType.Float32, [1, 2, 3, 4, 5, 6, 7, 8]);
        Dictionary<string, byte[]> kept = new()
        {
            ["config.json"] = [1],
            ["tokenizer.model"] = [0, 2],
            ["README.md"] = [],
            ["merges.txt"] = [13, 10]
        };
        foreach ((string name, byte[] content) in kept) File.WriteAllBytes(Path.Combine(source, name), content);
        foreach (string name in new[] { ".gitattributes", "pytorch_model.bin", "pytorch_model.bin.index.json", "model.gguf",
            "consolidated.safetensors", "model.safetensors.index.json" })
            File.WriteAllBytes(Path.Combine(source, name), [9]);
        Directory.CreateDirectory(Path.Combine(source, "onnx"));

        Write(source, OneMask, folder.File("out"));

        Assert.Equal(kept.Keys.Concat([".maskllm.json", "model.safetensors"]).Order(StringComparer.Ordinal), Names(folder.File("out")));
        Assert.All(kept, pair => Assert.Equal(pair.Value, File.ReadAllBytes(folder.File($"out/{pair.Key}"))));
        Assert.Equal(["out", "source"], Names(folder.Path));
    }

    [Fact]
    public void Write_ShardedModel_CopiesTheIndexAsItIs()
    {
        using TemporaryFolder folder = new();
        Write(ModelMasks.Folder("llama-bf16-sharded"), ModelMasks.Of("llama-bf16-sharded"), folder.File("out"));
        foreach (string name in new[] { "model.safetensors.index.json", "config.json" })
            Assert.Equal(File.ReadAllBytes(Path.Combine(ModelMasks.Folder("llama-bf16-sharded"), name)),
                File.ReadAllBytes(folder.File($"out/{name}")));
        Assert.DoesNotContain("expected.safetensors", Names(folder.File("out")));
    }

    [Theory]
    [InlineData(TensorType.Float32, 0x8000_0000u, 0x7F7F_1234u)]
    [InlineData(TensorType.BFloat16, 0x8000u, 0x7F71u)]
    [InlineData(TensorType.Float16, 0x8000u, 0x8001u)]
    public void Write_NegativeZeros_BecomeZeroAndOtherBitsStay(TensorType type, uint negativeZero, uint other)
    {
        using TemporaryFolder folder = new();
        string source = OneTensor(folder, type, [negativeZero, other, negativeZero, other, 1, 2, 0, 4]);
        Write(source, OneMask, folder.File("out"));
        Assert.Equal([0, other, 0, 0, 0, 0, 0, 4], Values(folder.File("out")));
    }

    [Fact]
    public void Write_TensorOfManyChunks_IsMaskedToItsEnd()
    {
        using TemporaryFolder folder = new();
        const int Rows = 701, Columns = 1003;
        Random random = new(5);
        uint[] values = [.. Enumerable.Range(0, Rows * Columns)
            .Select(_ => ((uint)random.NextInt64(1, uint.MaxValue) & ~0x4000_0000u) | 1)];
        byte[] bits = [.. values.Select(_ => (byte)random.Next(2))];
        string source = OneTensor(folder, TensorType.Float32, values, Columns);

        ToldProgress told = new();
        Write(
            source, new Dictionary<string, Mask> { ["w"] = Mask.FromBytes(Rows, Columns, bits) }, folder.File("out"),
                progress: told);

        Assert.Equal(values.Zip(bits, (value, bit) => value * bit), Values(folder.File("out")));
        const long All = 4L * Rows * Columns;
        Assert.Equal([new("writing", 1 << 20, All), new("writing", 2 << 20, All), new("writing", All, All)], told.All);
    }

    [Fact]
    public void Write_MaskThatDoesNotFit_IsRefusedBeforeAnythingIsWritten()
    {
        using TemporaryFolder folder = new();
        string source = OneTensor(folder, TensorType.Float32, [1, 2, 3, 4, 5, 6, 7, 8]);
        Assert.Contains("v", Refusal<ArgumentException>(source, new() { ["v"] = OneMask["w"] }, folder), StringComparison.Ordinal);
        Assert.Contains("(1, 8)", Refusal<ArgumentException>(source, new() { ["w"] = Mask.FromBytes(2, 4, new byte[8]) }, folder),
            StringComparison.Ordinal);
        Assert.Equal(["source"], Names(folder.Path));
    }

    [Fact]
    public void Write_MaskedTensorOfIntegers_IsNotSupported()
    {
        using TemporaryFolder folder = new();
        string source = OneTensor(folder, TensorType.Int32, [1, 2, 3, 4, 5, 6, 7, 8]);
        Assert.Contains("I32", Refusal<NotSupportedException>(source, new(OneMask), folder), StringComparison.Ordinal);
    }

    [Fact]
    public void Write_FolderHoldsFiles_IsRefusedAndNothingChanges()
    {
        using TemporaryFolder folder = new();
        string source = OneTensor(folder, TensorType.Float32, [1, 2, 3, 4, 5, 6, 7, 8]);
        Directory.CreateDirectory(folder.File("out"));
        folder.Write("out/notes.txt", [1]);
        foreach (bool force in new[] { false, true })
            Assert.Contains("already holds " +
                "files", Assert.Throws<ArgumentException>(() => Write(source, OneMask, folder.File("out"), force)).Message,
                StringComparison.Ordinal);
        Assert.Equal(["notes.txt"], Names(folder.File("out")));
    }

    [Fact]
    public void Write_Force_ReplacesTheCheckpointAndKeepsOtherFiles()
    {
        using TemporaryFolder folder = new();
        string source = OneTensor(folder, TensorType.Float32, [1, 2, 3, 4, 5, 6, 7, 8]);
        foreach (string name in new[] { "config.json", "tokenizer.model",
            "extra.txt" }) File.WriteAllBytes(Path.Combine(source, name), [7]);
        Write(source, OneMask, folder.File("out"));
        Directory.CreateDirectory(folder.File("out/runs"));
        folder.Write("out/notes.txt", [7]);
        File.WriteAllBytes(Path.Combine(source, "config.json"), [1]);
        foreach (string name in new[] { "tokenizer.model", "extra.txt" }) File.Delete(Path.Combine(source, name));

        Assert.Contains("`force`", Assert.Throws<ArgumentException>(() => Write(source, OneMask, folder.File("out"))).Message,
            StringComparison.Ordinal);
        Write(source, OneMask, folder.File("out"), force: true);

        Assert.Equal([".maskllm.json", "config.json", "model.safetensors", "notes.txt", "runs"], Names(folder.File("out")));
        Assert.Equal([1], File.ReadAllBytes(folder.File("out/config.json")));
        Assert.Equal([0, 2, 3, 0, 0, 0, 7, 8], Values(folder.File("out")));
    }

    [Theory]
    [InlineData("model.safetensors")]
    [InlineData("config.json")]
    [InlineData("tokenizer.json")]
    [InlineData("model.safetensors.index.json")]
    public void Write_ForcedWhereTheUserPutAFile_IsRefusedAndItStays(string name)
    {
        using TemporaryFolder folder = new();
        string source = OneTensor(folder, TensorType.Float32, [1, 2, 3, 4, 5, 6, 7, 8]);
        File.WriteAllBytes(Path.Combine(source, "config.json"), [1]);
        Write(source, OneMask, folder.File("out"));
        File.WriteAllText(folder.File($"out/{name}"), "mine");

        string refused = Assert.Throws<ArgumentException>(() => Write(source, OneMask, folder.File("out"), force: true)).Message;

        Assert.Contains(name, refused, StringComparison.Ordinal);
        Assert.Equal("mine", File.ReadAllText(folder.File($"out/{name}")));
    }

    /// <summary>A copy has the bytes that were written and other times: it is the checkpoint still, and one changed byte is the
    /// user's.</summary>
    [Fact]
    public void Write_ForcedOverACopyOfTheFolder_ReplacesItUnlessAByteWasChanged()
    {
        using TemporaryFolder folder = new();
        string source = OneTensor(folder, TensorType.Float32, [1, 2, 3, 4, 5, 6, 7, 8]),
            copy = Directory.CreateDirectory(folder.File("copy")).FullName;
        File.WriteAllBytes(Path.Combine(source, "config.json"), [1]);
        Write(source, OneMask, folder.File("out"));
        foreach (string name in Names(folder.File("out")))
        {
            File.Copy(folder.File($"out/{name}"), Path.Combine(copy, name));
            File.SetLastWriteTimeUtc(Path.Combine(copy, name), new DateTime(2001, 2, 3, 4, 5, 6, DateTimeKind.Utc));
        }

        Write(source, new Dictionary<string, Mask>(), copy, force: true);

        Assert.Equal([1, 2, 3, 4, 5, 6, 7, 8], Values(copy));
        File.WriteAllBytes(Path.Combine(copy, "config.json"), [2]);
        File.SetLastWriteTimeUtc(Path.Combine(copy, "config.json"), new DateTime(2001, 2, 3, 4, 5, 6, DateTimeKind.Utc));
        Assert.Contains(
            "config.json is not as this program wrote it",
            Assert.Throws<ArgumentException>(() => Write(source, OneMask, copy, force: true)).Message,
            StringComparison.Ordinal);
        Assert.Equal([2], File.ReadAllBytes(Path.Combine(copy, "config.json")));
    }

    /// <summary>A kill between two renames: some files of the old checkpoint, some of the new, no config.json.</summary>
    [Fact]
    public void Write_ForcedOverAReplacementThatWasKilled_ReplacesIt()
    {
        using TemporaryFolder folder = new();
        string source = OneTensor(folder, TensorType.Float32, [1, 2, 3, 4, 5, 6, 7, 8]);
        File.WriteAllBytes(Path.Combine(source, "config.json"), [1]);
        Write(source, OneMask, folder.File("out"));
        WrittenFiles.AnyOf(["config.json", "model.safetensors", "tokenizer.model"]).Write(folder.File("out"));
        File.Delete(folder.File("out/config.json"));
        folder.Write("out/tokenizer.model", [9]);
        string left = Directory.CreateDirectory(folder.File("out/.out.999999999-1.0123456789ab.tmp")).FullName;
        File.WriteAllBytes(Path.Combine(left, "config.json"), [9]);

        Write(source, OneMask, folder.File("out"), force: true);

        Assert.Equal([".maskllm.json", "config.json", "model.safetensors"], Names(folder.File("out")));
    }

    [Fact]
    public void Write_IntoAFolderWithOnlyWhatAKillLeft_Writes()
    {
        using TemporaryFolder folder = new();
        string source = OneTensor(folder, TensorType.Float32, [1, 2, 3, 4, 5, 6, 7, 8]);
        Directory.CreateDirectory(folder.File("out/.out.999999999-1.0123456789ab.tmp"));
        Write(source, OneMask, folder.File("out"));
        Assert.Equal([".maskllm.json", "model.safetensors"], Names(folder.File("out")));
    }

    [Fact]
    public void Write_DiskFull_NamesTheFileThatTheUserWouldHaveHad()
    {
        using TemporaryFolder folder = new();
        string source = OneTensor(folder, TensorType.Float32, [1, 2, 3, 4, 5, 6, 7, 8]);
        IOException full = Assert.ThrowsAny<IOException>(
            () => Write(
                source, OneMask, folder.File("out"),
                progress: new ToldProgress(_ => throw new IOException("No space left on device", 28))));
        Assert.Equal($"{folder.File("out/model.safetensors")}: the disk is full", full.Message);
        Assert.Equal(["source"], Names(folder.Path));
    }

    [Fact]
    public void Write_OverItsSource_IsRefusedByAnyPath()
    {
        using TemporaryFolder folder = new();
        string source = OneTensor(folder, TensorType.Float32, [1, 2, 3, 4, 5, 6, 7, 8]);
        Directory.CreateSymbolicLink(folder.File("link"), source);
        foreach (string target in new[] { source, source + "/", folder.File("link"), Path.Combine(source, "..", "source") })
            Assert.Contains("the model itself", Assert.Throws<ArgumentException>(() => Write(source, OneMask, target, force: true)).Message,
                StringComparison.Ordinal);
        Assert.Equal(["model.safetensors"], Names(source));
        Assert.Equal([1, 2, 3, 4, 5, 6, 7, 8], Values(source));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Write_CancelledMidway_LeavesWhatWasThere(bool existing)
    {
        using TemporaryFolder folder = new();
        string source = OneTensor(folder, TensorType.Float32, new uint[600_000], 8);
        if (existing) Write(source, new Dictionary<string, Mask>(), folder.File("out"));
        string weights = folder.File("out/model.safetensors");
        DateTime written = File.GetLastWriteTimeUtc(weights);
        string[] before = Names(folder.Path);
        using CancellationTokenSource stop = new();

        Assert.ThrowsAny<OperationCanceledException>(() =>
            MaskedCheckpoint.Write(source, new Dictionary<string, Mask>(), folder.File("out"), force: true,
                new ToldProgress(_ => stop.Cancel()), stop.Token));

        Assert.Equal(before, Names(folder.Path));
        if (existing) Assert.Equal([".maskllm.json", "model.safetensors"], Names(folder.File("out")));
        Assert.Equal(written, File.GetLastWriteTimeUtc(weights));
    }

    private static void Write(
        string source, IReadOnlyDictionary<string, Mask> masks, string target, bool force = false, ToldProgress? progress = null) =>
        MaskedCheckpoint.Write(source, masks, target, force, progress, TestContext.Current.CancellationToken);

    private static Dictionary<string, Mask> OneMask => new() { ["w"] = Mask.FromBytes(1, 8, [0, 1, 1, 0, 0, 0, 1, 1]) };

    private static void CheckFile(SafetensorsFile before, SafetensorsFile after, IReadOnlyDictionary<string, Mask> masks)
    {
        Assert.Equal(before.Metadata, after.Metadata);
        Assert.Equal(before.InFileOrder.Select(Described), after.InFileOrder.Select(Described));
        foreach (TensorEntry entry in before.InFileOrder)
        {
            byte[] expected = before.Bytes(entry).ToArray();
            if (masks.TryGetValue(entry.Name, out Mask? mask)) ZeroByElement(expected, mask, entry.Type.ByteWidth());
            Assert.Equal(expected, after.Bytes(after.Tensors[entry.Name]).ToArray());
        }
    }

    private static string Described(TensorEntry entry) => $"{entry.Name} {entry.Type} ({string.Join(", ", entry.Shape)})";

    private static void ZeroByElement(byte[] bytes, Mask mask, int width)
    {
        for (int i = 0; i < bytes.Length / width; i++)
        {
            Span<byte> value = bytes.AsSpan(i * width, width);
            bool negativeZero = value[^1] == 0x80 && !value[..^1].ContainsAnyExcept((byte)0);
            if (negativeZero || !mask[i / mask.Columns, i % mask.Columns]) value.Clear();
        }
    }

    // A folder "source" whose only tensor w has these bits, in rows of some columns.
    private static string OneTensor(TemporaryFolder folder, TensorType type, uint[] bits, int columns = 8)
    {
        int width = type.ByteWidth();
        byte[] bytes = [.. bits.SelectMany(value => BitConverter.GetBytes(value)[..width])];
        SafetensorsWriter.Write(folder.File("source/model.safetensors"),
            [new TensorToWrite("w", type, [bits.Length / columns, columns], bytes.Length, stream => stream.Write(bytes))]);
        return folder.File("source");
    }

    private static uint[] Values(string checkpoint)
    {
        using SafetensorsFile file = SafetensorsFile.Open(Path.Combine(checkpoint, "model.safetensors"));
        TensorEntry entry = file.Tensors["w"];
        return [.. file.Bytes(entry).ToArray().Chunk(entry.Type.ByteWidth())
            .Select(value => BitConverter.ToUInt32([.. value, 0, 0, 0, 0]))];
    }

    private static string Refusal<T>(string source, Dictionary<string, Mask> masks, TemporaryFolder folder)
        where T : Exception => Assert.Throws<T>(() => Write(source, masks, folder.File("out"))).Message;

    private static string[] Names(string folder) =>
        [.. Directory.EnumerateFileSystemEntries(folder).Select(entry => Path.GetFileName(entry)).Order(StringComparer.Ordinal)];
}
