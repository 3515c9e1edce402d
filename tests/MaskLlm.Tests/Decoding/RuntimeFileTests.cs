using MaskLlm.Decoding;
using MaskLlm.Formats.Safetensors;
using MaskLlm.Machine;
using MaskLlm.Masks;
using MaskLlm.Packing;
using MaskLlm.Products;
using MaskLlm.Tests.Machine;

namespace MaskLlm.Tests.Decoding;

/// <summary>The figures and words of runtime files: sizes, places, versions, limits of types.</summary>
[Collection(TorchTests.Name)]
public sealed class RuntimeFileTests : IDisposable
{
    private const string Model = "llama-gqa-tied";

    private readonly TemporaryFolder _folder = new();

    private static string Folder => Fixture.PathOf($"models/{Model}");

    public void Dispose() => _folder.Dispose();

    /// <summary>Seven linear layers twice, each of panels of 64 columns in blocks of 16 rows; the embedding of 128 rows.</summary>
    [Theory]
    [InlineData(WeightType.Float32, 16 * 64 * 4, 128 + 16 * 32 * 4)]
    [InlineData(WeightType.BFloat16, 16 * 64 * 2, 128 + 16 * 32 * 2)]
    [InlineData(WeightType.Int8, 32 + 16 * 64, 32 + 128 + 16 * 32)]
    [InlineData(WeightType.Int4, 64 + 16 * 64 / 2, 64 + 128 + 16 * 32 / 2)]
    public void Write_AnyType_TakesTheBytesOfItsPanels(WeightType type, int densePanel, int sparsePanel)
    {
        // 32 x 32 queries and outputs, 16 x 32 keys and values, 64 x 32 gates and ups, 32 x 64 downs.
        const int Panels = 2 * (2 + 2 + 1 + 1 + 4 + 4 + 2);
        ToldProgress told = new();
        string path = _folder.File("a.maskllm");
        RuntimeExport.Write(
            Folder, RuntimeFiles.RandomMasks(Model, 1), type, path, told, TestContext.Current.CancellationToken);
        using RuntimeModel model = RuntimeModel.Open(path);
        Assert.Equal((14, 14), (model.SparseLayers, model.LinearLayers));
        Assert.Equal((Panels * (sparsePanel + 0L), Panels * (long)densePanel), (model.LinearBytes, model.DenseLinearBytes));
        Assert.Equal((new FileInfo(path).Length, path, type), (model.FileBytes, model.Path, model.Type));
        // One report a matrix here: the embedding and fourteen layers.
        long embedding = 8L * (type == WeightType.Int4 ? 32 + 16 * 64 : densePanel), all = embedding + model.LinearBytes;
        Assert.Equal(15, told.All.Count);
        Assert.Equal(new Progress("packing", embedding, all), told.All[0]);
        Assert.Equal(new Progress("packing", embedding + 2L * sparsePanel, all), told.All[1]);
        Assert.Equal(new Progress("packing", all, all), told.All[^1]);
        using SafetensorsFile file = SafetensorsFile.Open(path);
        // Whole cache lines before the weights: 8 bytes of length and the header.
        Assert.Equal(0, (8 + BitConverter.ToInt64(File.ReadAllBytes(path), 0)) % 64);
        Assert.Equal(("maskllm-runtime", "3", type.ToString().ToLowerInvariant()),
            (file.Metadata["format"], file.Metadata["version"], file.Metadata["weights"]));
    }

    [Fact]
    public void FileNames_OfACheckpoint_AreAllThatSayHowToUseIt() => Assert.Equal(
    [
        "config.json", "tokenizer.json", "tokenizer.model", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json",
            "generation_config.json",
        "chat_template.jinja", "chat_template.json",
    ], RuntimeFormat.FileNames);

    [Fact]
    public void Open_OtherMetadata_SaysWhatIsReadHere()
    {
        string path = _folder.File("a.maskllm");
        Dictionary<string, string> right = new() { ["format"] = "maskllm-runtime", ["version"] = "3", ["weights"] = "int8" };
        Assert.Equal(
            $"{path} is a safetensors file but no runtime file; make one with `maskllm export MODEL --format runtime`.",
            Refusal<InvalidDataException>(path, right, "format", "maskllm-runtimes"));
        Assert.Equal(
            $"{path} is a runtime file of version '2'; this program reads version 3, whose int4 is another. Export it again.",
            Refusal<NotSupportedException>(path, right, "version", "2"));
        Assert.Contains("of version ''", Refusal<NotSupportedException>(path, right, "version", null), StringComparison.Ordinal);
        Assert.Equal(
            $"{path} is no whole runtime file: weights: int9 is no type of weights; float32, bfloat16, int8, int4 are.",
            Refusal<InvalidDataException>(path, right, "weights", "int9"));
        Assert.Contains("weights:  is no type", Refusal<InvalidDataException>(path, right, "weights", null), StringComparison.Ordinal);
        Assert.Equal($"{path} is no whole runtime file: it holds no config.json.",
            Refusal<InvalidDataException>(path, right, "other", "x"));
    }

    [Fact]
    public void IsRuntimeFile_AnyFile_IsToldByItsHeader()
    {
        using RuntimeModel model = RuntimeFiles.Export(_folder, Model, WeightType.Int4);
        Assert.True(RuntimeFormat.IsRuntimeFile(model.Path));
        Assert.False(RuntimeFormat.IsRuntimeFile(Path.Combine(Folder, "model.safetensors")));
        Assert.False(RuntimeFormat.IsRuntimeFile(Path.Combine(Folder, "config.json")));
    }

    [Fact]
    public void NameOf_FileAndFolder_IsWhatTheUserCanFind()
    {
        using RuntimeModel file = RuntimeFiles.Export(_folder, Model, WeightType.Int4);
        using RuntimeModel folder = RuntimeModel.OpenOrPack(Folder, WeightType.Int4, null, stop: TestContext.Current.CancellationToken);
        Assert.Equal((Path.Combine(Folder, "x"), $"{file.Path}: x"), (folder.NameOf("x"), file.NameOf("x")));
        Assert.Equal(
            $"{file.Path} holds no tokenizer; "
            + "export it again from a folder that has tokenizer.json or tokenizer.model.",
            Assert.Throws<InvalidDataException>(file.LoadTokenizer).Message);
        Assert.Equal(
            $"{Folder} has neither tokenizer.json nor tokenizer.model; copy one of them there from where the checkpoint came from.",
            Assert.Throws<InvalidDataException>(folder.LoadTokenizer).Message);
        Assert.Null(file.File("generation_config.json"));
        Assert.Equal(File.ReadAllBytes(Path.Combine(Folder, "config.json")), file.File("config.json"));
        Assert.Equal(
            $"{file.Path} is a runtime file, whose mask is its own; `mask` is for a Hugging Face folder.",
            Assert.Throws<ArgumentException>(() =>
                RuntimeModel.OpenOrPack(file.Path, WeightType.Int4, "m.npz", stop: TestContext.Current.CancellationToken)).Message);
    }

    /// <summary>What a file has as a head is the head; a configuration that ties it is not asked.</summary>
    [Fact]
    public void Open_TiedOrNot_TakesTheHeadThatThereIs()
    {
        using RuntimeModel tied = RuntimeFiles.Export(_folder, Model, WeightType.Int8),
            untied = RuntimeFiles.Export(_folder, "llama-mha-untied", WeightType.Int8);
        Assert.Equal((true, false), (tied.Config.TieWordEmbeddings, untied.Config.TieWordEmbeddings));
        unsafe
        {
            Assert.True(tied.Head.Data == tied.Embedding.Data);
            Assert.False(untied.Head.Data == untied.Embedding.Data);
        }
    }

    /// <summary>What is nearer to the largest bfloat16, 0x7F7F, than to the next power of two is rounded to it.</summary>
    [Theory]
    [InlineData(0x7F7F_7FFFu, true)]
    [InlineData(0xFF7F_7FFFu, true)]
    [InlineData(0x7F7F_8000u, false)]
    [InlineData(0xFF7F_8000u, false)]
    public void Write_ValueAtTheEndOfBFloat16_IsInAndBeyondItIsSaid(uint bits, bool fits)
    {
        float value = BitConverter.UInt32BitsToSingle(bits);
        string model = WithOneValue(value);
        RuntimeExport.Write(model, null, WeightType.Float32, _folder.File("f"), stop: TestContext.Current.CancellationToken);
        Exception? refused = Record.Exception(() =>
            RuntimeExport.Write(model, null, WeightType.BFloat16, _folder.File("b"), stop: TestContext.Current.CancellationToken));
        Assert.Equal(fits, refused is null);
        if (fits) return;
        Assert.Equal(
            FormattableString.Invariant($"{model}: model.layers.1.mlp.up_proj.weight holds {Math.Abs(value)}, ")
            + "and bfloat16 ends at 3.3961773E+38; export with `type` float32.",
            refused!.Message);
    }

    /// <summary>A row of three in one group, the last one of a layer: the layer is dense, and only that one.</summary>
    [Fact]
    public void Write_CheckpointWithOneGroupTooFull_StoresThatLayerDense()
    {
        string applied = _folder.File("applied");
        MaskedCheckpoint.Write(Folder, RuntimeFiles.RandomMasks(Model, 2), applied, cancellation: TestContext.Current.CancellationToken);
        string changed = Rewritten(applied, "model.layers.1.mlp.down_proj.weight", values => values[^3..].Fill(1));
        using RuntimeModel model = RuntimeModel.OpenOrPack(changed, WeightType.Float32, null, stop: TestContext.Current.CancellationToken);
        Assert.Equal((13, false), (model.SparseLayers, model.Blocks[1].Mlp!.Down.Weight.IsSparse));
    }

    [Fact]
    public void Write_MaskOfAnotherModel_IsRefused()
    {
        Dictionary<string, Mask> masks = new() { ["model.layers.0.mlp.up_proj.weight"] = Mask.FromBytes(1, 4, [1, 1, 0, 0]) };
        Assert.Equal(
            $"the mask of model.layers.0.mlp.up_proj.weight (1 x 4) does not fit {Folder}; it belongs to another model.",
            Assert.Throws<ArgumentException>(() =>
                RuntimeExport.Write(Folder, masks, WeightType.Int8, _folder.File("x"), stop: TestContext.Current.CancellationToken))
                .Message);
        masks = new() { ["nothing"] = Mask.FromBytes(1, 4, [1, 1, 0, 0]) };
        Assert.Contains("the mask of nothing (1 x 4)", Assert.Throws<ArgumentException>(
            () => RuntimeExport.Write(Folder, masks, WeightType.Int8, _folder.File("x"), stop: TestContext.Current.CancellationToken))
                .Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Write_Stopped_LeavesNothing()
    {
        Assert.Throws<OperationCanceledException>(() =>
            RuntimeExport.Write(Folder, null, WeightType.Int8, _folder.File("x"), stop: new CancellationToken(canceled: true)));
        Assert.Empty(Directory.EnumerateFileSystemEntries(_folder.Path));
    }

    [Fact]
    public void Open_TensorOfAnotherTypeOrShape_IsNamedWithBoth()
    {
        using RuntimeModel whole = RuntimeFiles.Export(_folder, Model, WeightType.Int8);
        Assert.Equal(
            $"{_folder.File("other")} is no whole runtime file: model.norm.weight is F32 of shape (31) and F32 (32) is expected.",
            Changed(whole.Path, "model.norm.weight", TensorType.Float32, [31], 124));
        Assert.Contains("model.norm.weight is I32 of shape (32)", Changed(whole.Path, "model.norm.weight", TensorType.Int32, [32], 128),
            StringComparison.Ordinal);
        Assert.Equal(
            $"{_folder.File("other")} is no whole runtime file: model.layers.0.mlp.up_proj.weight is U8 of shape (4, 1, 7), "
            + "which is no packing of (64, 32) in int8.",
            Changed(whole.Path, "model.layers.0.mlp.up_proj.weight", TensorType.UInt8, [4, 1, 7], 28));
    }

    private string Changed(string path, string name, TensorType type, long[] shape, int bytes)
    {
        using (SafetensorsFile file = SafetensorsFile.Open(path))
        {
            SafetensorsWriter.WriteChecked(_folder.File("other"), [.. file.InFileOrder.Select(entry => entry.Name == name
                ? new TensorToWrite(name, type, shape, bytes, stream => stream.Write(new byte[bytes]))
                : new TensorToWrite(entry.Name, entry.Type, entry.Shape, entry.ByteLength, stream => stream.Write(file.Bytes(entry))))],
                    file.Metadata);
        }
        return Assert.Throws<InvalidDataException>(() => RuntimeModel.Open(_folder.File("other"))).Message;
    }

    private static string Refusal<T>(string path, Dictionary<string, string> metadata, string key, string? value)
        where T : Exception
    {
        Dictionary<string, string> changed = new(metadata);
        changed.Remove(key);
        if (value is not null) changed[key] = value;
        SafetensorsWriter.WriteChecked(path, [new TensorToWrite("a", TensorType.UInt8, [1], 1, stream => stream.WriteByte(0))], changed);
        return Assert.Throws<T>(() => RuntimeModel.Open(path)).Message;
    }

    private delegate void Change(Span<float> values);

    private string WithOneValue(float value) => Rewritten(Folder, "model.layers.1.mlp.up_proj.weight", values => values[^1] = value);

    private string Rewritten(string source, string changed, Change change)
    {
        string folder = Directory.CreateDirectory(_folder.File(Guid.NewGuid().ToString("N"))).FullName;
        File.Copy(Path.Combine(source, "config.json"), Path.Combine(folder, "config.json"));
        using SafetensorsFile file = SafetensorsFile.Open(Path.Combine(source, "model.safetensors"));
        SafetensorsWriter.Write(Path.Combine(folder, "model.safetensors"), [.. file.InFileOrder.Select(entry =>
        {
            byte[] bytes = file.Bytes(entry).ToArray();
            if (entry.Name == changed) change(System.Runtime.InteropServices.MemoryMarshal.Cast<byte, float>(bytes.AsSpan()));
            return new TensorToWrite(entry.Name, entry.Type, entry.Shape, bytes.Length, stream => stream.Write(bytes));
        })]);
        return folder;
    }
}
