using MaskLlm.Architectures;
using MaskLlm.Data;
using MaskLlm.Decoding;
using MaskLlm.Formats.Safetensors;
using MaskLlm.Masks;
using MaskLlm.Packing;
using MaskLlm.Products;
using MaskLlm.Tests.Tokens;
using MaskLlm.Tokens;

namespace MaskLlm.Tests.Decoding;

/// <summary>What a runtime file holds, and what is said of one that is none.</summary>
[Collection(TorchTests.Name)]
public class RuntimeModelTests
{
    [Fact]
    public void Write_MaskedBFloat16_SparseLayersAreNineSixteenthsOfDense()
    {
        using TemporaryFolder folder = new();
        using RuntimeModel dense = RuntimeFiles.Export(folder, "llama-gqa-tied", WeightType.BFloat16);
        long bytes = dense.LinearBytes;
        using TemporaryFolder other = new();
        using RuntimeModel sparse = RuntimeFiles.Export(other, "llama-gqa-tied", WeightType.BFloat16,
            RuntimeFiles.RandomMasks("llama-gqa-tied", 1));
        Assert.Equal(9 * bytes, 16 * sparse.LinearBytes);
    }

    [Fact]
    public void Write_CheckpointWhoseWeightsAreTwoOfFour_IsStoredSoWithoutAMask()
    {
        using TemporaryFolder folder = new();
        string source = Fixture.PathOf("models/llama-gqa-tied"), applied = folder.File("applied");
        Dictionary<string, Mask> masks = RuntimeFiles.RandomMasks("llama-gqa-tied", 2);
        masks.Remove(masks.Keys.First());
        MaskedCheckpoint.Write(source, masks, applied, cancellation: TestContext.Current.CancellationToken);
        RuntimeExport.Write(applied, null, WeightType.Float32, folder.File("a"), stop: TestContext.Current.CancellationToken);
        RuntimeExport.Write(source, masks, WeightType.Float32, folder.File("b"), stop: TestContext.Current.CancellationToken);
        using RuntimeModel fromZeros = RuntimeModel.Open(folder.File("a")), fromMask = RuntimeModel.Open(folder.File("b"));
        Assert.Equal(masks.Count, fromZeros.SparseLayers);
        Assert.Equal(masks.Count, fromMask.SparseLayers);
        long[][] ids = [[3, 1, 4, 1, 5]];
        Assert.Equal(RuntimeFiles.Logits(fromMask, ids, 5), RuntimeFiles.Logits(fromZeros, ids, 5));
    }

    [Fact]
    public void Write_MaskOfAnotherPattern_IsRefusedWithTheLayersName()
    {
        using TemporaryFolder folder = new();
        string source = Fixture.PathOf("models/llama-gqa-tied");
        (string name, (int rows, int columns)) = CheckpointConfig.LinearShapes(source).First();
        byte[] kept = new byte[rows * columns];
        for (int i = 0; i < kept.Length; i += 4) kept[i] = 1;
        ArgumentException refused = Assert.Throws<ArgumentException>(() =>
            RuntimeExport.Write(source, new Dictionary<string, Mask> { [name] = Mask.FromBytes(rows, columns, kept) }, WeightType.BFloat16,
                folder.File("x"), stop: TestContext.Current.CancellationToken));
        Assert.Contains(name, refused.Message, StringComparison.Ordinal);
        Assert.False(File.Exists(folder.File("x")));
    }

    [Fact]
    public void LoadTokenizer_OfAnExportedFolder_IsTheFolders()
    {
        using TemporaryFolder folder = new();
        foreach (string file in Directory.GetFiles(Fixture.PathOf("models/llama-gqa-tied")))
            File.Copy(file, folder.File(Path.GetFileName(file)));
        folder.Write("tokenizer.model", SentencePieceReaderTests.Model(SentencePieceReaderTests.BytePair, ("▁", 0f), ("a", -1f)));
        folder.Write("added_tokens.json", """{"[X]": 5, "[Z]": 100000}"""u8.ToArray());
        folder.Write("special_tokens_map.json", """{"bos_token": "[X]", "eos_token": "[Z]"}"""u8.ToArray());
        folder.Write("generation_config.json", """{"eos_token_id": 3}"""u8.ToArray());
        RuntimeExport.Write(folder.Path, null, WeightType.Int8, folder.File("a.maskllm"), stop: TestContext.Current.CancellationToken);
        using RuntimeModel model = RuntimeModel.Open(folder.File("a.maskllm"));
        Tokenizer own = model.LoadTokenizer(), folders = ModelTokenizer.Load(folder.Path, model.Config);
        Assert.Equal([5, 2, 3, 5], own.Encode("a[X]", addSpecialTokens: true));
        Assert.Equal(folders.Hash, own.Hash);
        Assert.Equal(folders.EndOfTextIds, own.EndOfTextIds);
        Assert.Contains(100000, own.EndOfTextIds);
        Assert.Equal("[Z]", (string?)own.SpecialTokens["eos_token"]);
        Assert.Equal(Assert.Throws<ArgumentException>(() => folders.Encode("[Z]")).Message,
            Assert.Throws<ArgumentException>(() => own.Encode("[Z]")).Message);
    }

    [Fact]
    public void Open_OtherSafetensors_SaysHowToMakeARuntimeFile()
    {
        InvalidDataException refused = Assert.Throws<InvalidDataException>(() =>
            RuntimeModel.Open(Fixture.PathOf("models/llama-gqa-tied/model.safetensors")));
        Assert.Contains("maskllm export", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Open_FileCutAnywhere_IsRefused()
    {
        using TemporaryFolder folder = new();
        RuntimeExport.Write(Fixture.PathOf("models/llama-gqa-tied"), null, WeightType.Int4, folder.File("whole"),
            stop: TestContext.Current.CancellationToken);
        byte[] whole = File.ReadAllBytes(folder.File("whole"));
        foreach (int length in Enumerable.Range(0, 40).Select(i => (int)((long)whole.Length * i / 40)))
            Assert.Throws<InvalidDataException>(() => RuntimeModel.Open(folder.Write("cut", whole[..length])));
    }

    /// <summary>Nothing that the user never named, and no file anywhere.</summary>
    [Fact]
    public void OpenOrPack_FolderWithAFault_NamesItsOwnFile()
    {
        using TemporaryFolder folder = new();
        foreach (string name in new[] { "config.json",
            "model.safetensors" }) File.Copy(Path.Combine(Fixture.PathOf("models/llama-gqa-tied"), name), folder.File(name));
        folder.Write("generation_config.json", [(byte)'{']);
        using RuntimeModel model = RuntimeModel.OpenOrPack(folder.Path, WeightType.Int8, null, stop: TestContext.Current.CancellationToken);
        Assert.Equal(folder.Path, model.Path);
        Assert.StartsWith($"{folder.Path} has neither", Assert.Throws<InvalidDataException>(model.LoadTokenizer).Message,
            StringComparison.Ordinal);
        Assert.Equal(3, Directory.GetFileSystemEntries(folder.Path).Length);
    }

    [Fact]
    public void Open_FileWithoutATensor_NamesIt()
    {
        using TemporaryFolder folder = new();
        RuntimeExport.Write(Fixture.PathOf("models/llama-gqa-tied"), null, WeightType.Int8, folder.File("whole"),
            stop: TestContext.Current.CancellationToken);
        using SafetensorsFile file = SafetensorsFile.Open(folder.File("whole"));
        foreach (TensorEntry left in file.InFileOrder)
        {
            SafetensorsWriter.WriteChecked(folder.File("less"), [.. file.InFileOrder.Where(entry => entry != left).Select(entry =>
                new TensorToWrite(entry.Name, entry.Type, entry.Shape, entry.ByteLength, stream => stream.Write(file.Bytes(entry))))],
                    file.Metadata);
            // Files beside config.json are wanted only by those that use them.
            if (left.Name.StartsWith("files/", StringComparison.Ordinal) && left.Name != "files/config.json") continue;
            InvalidDataException refused = Assert.Throws<InvalidDataException>(() => RuntimeModel.Open(folder.File("less")));
            Assert.Contains(left.Name.Replace("files/", "", StringComparison.Ordinal), refused.Message, StringComparison.Ordinal);
        }
    }
}
