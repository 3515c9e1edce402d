using MaskLlm.Architectures;
using MaskLlm.Formats.Gguf;
using MaskLlm.Formats.Safetensors;
using MaskLlm.Machine;
using MaskLlm.Masks;
using MaskLlm.Models;
using MaskLlm.Packing;
using MaskLlm.Packing.Gguf;
using MaskLlm.Tests.Formats.Gguf;
using MaskLlm.Tests.Machine;
using MaskLlm.Tests.Models;
using MaskLlm.Tests.Packing.Gguf;
using TorchSharp;
using static TorchSharp.torch;

namespace MaskLlm.Tests.Packing;

[Collection(TorchTests.Name)]
public class GgufExportTests
{
    public static TheoryData<string> Families() => [.. DecoderTests.Families().Select(row => row.Data).Where(IsWritten)];

    /// <summary>A parameter of these is a tensor of the file; of mixtures <see cref="GgufExpertsTests"/> tells.</summary>
    public static TheoryData<string> DenseFamilies() =>
        [.. Families().Select(row => row.Data).Where(model => CheckpointConfig.Read(ModelMasks.Folder(model)).Experts is null)];

    private static bool IsWritten(string model)
    {
        try
        {
            GgufRequirements.Require(ModelMasks.Folder(model), CheckpointConfig.Read(ModelMasks.Folder(model)));
            return true;
        }
        catch (NotSupportedException)
        {
            return false;
        }
    }

    [Theory]
    [MemberData(nameof(DenseFamilies))]
    public void Write_EveryFamily_HoldsEveryParameterInItsRowOrder(string model)
    {
        using DisposeScope scope = NewDisposeScope();
        (GgufFile file, _) = Write(model, GgufType.Float32);
        DecoderConfig config = CheckpointConfig.Read(ModelMasks.Folder(model));
        Dictionary<string, Tensor> tensors = GgufLayout.Tensors(model);
        foreach ((string name, Tensor tensor) in tensors)
            Assert.Equal(GgufLayout.Floats(GgufLayout.InFileOrder(config, name, tensor)), file.Values(GgufLayout.Of(config, name)));
        Assert.Equal(
            tensors.Keys.Select(name => GgufLayout.Of(config, name)).Order(StringComparer.Ordinal),
            file.Tensors.Keys.Where(name => !name.StartsWith("rope_", StringComparison.Ordinal)).Order(StringComparer.Ordinal));
        string[] rotation = model switch
        {
            "llama3-rope" or "llama3-rope-v4-config" => ["rope_freqs.weight"],
            "phi3-longrope" => ["rope_factors_long.weight", "rope_factors_short.weight"],
            _ => [],
        };
        Assert.Equal(rotation, file.Tensors.Keys.Where(name => name.StartsWith("rope_", StringComparison.Ordinal)));
    }

    [Fact]
    public void Families_AllButThoseThatLlamaCppDoesNotCompute_AreWritten()
    {
        string[] all = [.. DecoderTests.Families().Select(row => row.Data)];
        string[] mixtures = ["gpt-oss", "olmoe", "qwen2-moe"];
        string[] dense = ["exaone4", "gptj", "llama-dynamic", "opt", "smollm3"];
        Assert.Equal([.. dense.Concat(mixtures).Order(StringComparer.Ordinal)],
            all.Except(Families().Select(row => row.Data)).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Write_Llama_HasTheKeysOfLlamaCpp()
    {
        (GgufFile file, GgufReport report) = Write("llama-head-dim", GgufType.Q4);
        Dictionary<string, object> expected = new()
        {
            ["general.architecture"] = "llama",
            ["general.type"] = "model",
            ["general.exported_by"] = "maskllm",
            ["general.name"] = "llama-head-dim",
            ["general.file_type"] = 2u,
            ["general.quantization_version"] = 2u,
            ["llama.vocab_size"] = 128u,
            ["llama.context_length"] = 64u,
            ["llama.embedding_length"] = 32u,
            ["llama.block_count"] = 2u,
            ["llama.feed_forward_length"] = 64u,
            ["llama.attention.head_count"] = 4u,
            ["llama.attention.head_count_kv"] = 2u,
            ["llama.attention.key_length"] = 16u,
            ["llama.attention.value_length"] = 16u,
            ["llama.attention.layer_norm_rms_epsilon"] = 1e-5f,
            ["llama.rope.dimension_count"] = 16u,
            ["llama.rope.freq_base"] = 10000f,
            ["tokenizer.ggml.model"] = "no_vocab",
        };
        Assert.Equal(expected, file.Fields);
        Assert.Contains("no tokenizer", Assert.Single(report.Notes), StringComparison.Ordinal);
        Assert.Equal(new Dictionary<GgufType, int> { [GgufType.Q4] = 15, [GgufType.Float32] = 5 }, report.TensorCounts);
    }

    [Theory]
    [InlineData("mistral-sliding", "llama")]
    [InlineData("qwen2", "qwen2")]
    [InlineData("qwen3", "qwen3")]
    public void Write_OtherFamily_HasItsArchitecture(string model, string architecture) =>
        Assert.Equal(architecture, Write(model, GgufType.BFloat16).File.Fields["general.architecture"]);

    [Fact]
    public void Write_LinearScaling_IsNamed()
    {
        OrderedDictionary<string, object> fields = Write("llama-linear-rope", GgufType.BFloat16).File.Fields;
        Assert.Equal("linear", fields["llama.rope.scaling.type"]);
        Assert.Equal(2f, fields["llama.rope.scaling.factor"]);
    }

    [Fact]
    public void Write_Llama3Scaling_DividesTheFrequencies()
    {
        // Head of 8 with theta 500000 over 16 positions: 16 f / 2 pi turns; more than 4 keep f, fewer than 1 have f / 8.
        float[] divisors = Write("llama3-rope", GgufType.Q8).File.Values("rope_freqs.weight");
        double kept = (16 / (2 * Math.PI) - 1) / 3;
        Assert.Equal([(float)(1 / (kept + (1 - kept) / 8)), 8, 8, 8], divisors);
    }

    [Fact]
    public void Write_SlidingWindow_EndsTheContextAtItAndSaysSo()
    {
        (GgufFile file, GgufReport report) = Write("mistral-sliding", GgufType.BFloat16);
        Assert.Equal(8u, file.Fields["llama.context_length"]);
        Assert.Contains("sees 8 tokens", report.Notes[0], StringComparison.Ordinal);
    }

    /// <summary>Whole tensors, one for three matrices in whatever order, one for two, and one that is stored transposed.</summary>
    [Theory]
    [InlineData("llama-gqa-tied", GgufType.BFloat16)]
    [InlineData("llama-gqa-tied", GgufType.Float16)]
    [InlineData("llama-gqa-tied", GgufType.Q8)]
    [InlineData("llama-gqa-tied", GgufType.Q4)]
    [InlineData("gpt2", GgufType.BFloat16)]
    [InlineData("gpt2", GgufType.Q4)]
    [InlineData("bloom", GgufType.BFloat16)]
    [InlineData("falcon", GgufType.BFloat16)]
    [InlineData("glm4", GgufType.BFloat16)]
    [InlineData("gpt-neox-parallel", GgufType.BFloat16)]
    [InlineData("granite", GgufType.BFloat16)]
    [InlineData("phi3", GgufType.BFloat16)]
    public void Write_Masks_MakesPrunedWeightsZeroAndKeepsTheOthers(string model, GgufType type)
    {
        using DisposeScope scope = NewDisposeScope();
        IReadOnlyDictionary<string, Mask> masks = ModelMasks.Of(model);
        GgufFile file = Write(model, type, masks).File;
        DecoderConfig config = CheckpointConfig.Read(ModelMasks.Folder(model));
        Dictionary<string, Tensor> tensors = GgufLayout.Tensors(model);
        foreach ((string name, Mask mask) in masks)
        {
            Tensor kept = MaskTensors.ToTensor(mask, CPU);
            Tensor pruned = tensors[name] * (config.Family == "gpt2" ? kept.t() : kept);
            float[] expected = GgufLayout.Floats(GgufLayout.InFileOrder(config, name, pruned));
            float[] found = file.Values(GgufLayout.Of(config, name));
            float step = expected.Max(Math.Abs) / (type == GgufType.Q4 ? 7 : 100);
            Assert.Equal(expected.Length / 2, expected.Count(value => value == 0));
            Assert.All(expected.Zip(found), pair =>
                Assert.True(pair.First == 0 ? pair.Second == 0 : Math.Abs(pair.First - pair.Second) <= step));
        }
    }

    [Theory]
    [InlineData("llama-bf16-sharded", GgufType.BFloat16)]
    [InlineData("llama-f16", GgufType.Float16)]
    public void Write_TypeOfTheCheckpoint_KeepsTheBytes(string model, GgufType type)
    {
        GgufFile file = Write(model, type).File;
        DecoderConfig config = CheckpointConfig.Read(ModelMasks.Folder(model));
        using SafetensorsCheckpoint source = SafetensorsCheckpoint.Open(ModelMasks.Folder(model));
        foreach (string name in new[] { "model.embed_tokens.weight", "model.layers.1.mlp.down_proj.weight",
            "model.layers.0.self_attn.v_proj.weight" })
            Assert.True(source.Bytes(name).SequenceEqual(file.Bytes(GgufLayout.Of(config, name))), name);
    }

    [Fact]
    public void Write_RowsThatAreNoWholeBlocks_AreF16AndSaidOnce()
    {
        using TemporaryFolder folder = new();
        string model = Copy(folder, "llama-gqa-tied", config =>
            config.Replace("\"intermediate_size\": 64", "\"intermediate_size\": 40", StringComparison.Ordinal), entry =>
            entry.Name.Contains("down_proj", StringComparison.Ordinal) ? [32, 40] : entry.Name.Contains("mlp", StringComparison.Ordinal)
                ? [40, 32] : entry.Shape);
        (GgufFile file, GgufReport report) = WriteFolder(model, GgufType.Q4);
        Assert.Equal([GgufType.Float16, GgufType.Q4],
            new[] { "blk.1.ffn_down.weight", "blk.1.ffn_up.weight" }.Select(name => file.Tensors[name].Type));
        Assert.Equal("model.layers.0.mlp.down_proj.weight and 1 more: 40 columns are no multiple of 32, so they are f16 instead of q4_0.",
            report.Notes[1]);
    }

    [Theory]
    [InlineData(float.NaN, "NaN or infinite")]
    [InlineData(1e6f, "ends at 524032")]
    public void Write_ValueThatDoesNotFit_IsRefused(float value, string expected)
    {
        using TemporaryFolder folder = new();
        string model = Copy(folder, "llama-gqa-tied", config => config, entry => entry.Shape, value);
        Assert.Contains(expected, Assert.Throws<InvalidDataException>(() => WriteFolder(model, GgufType.Q4)).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Write_MaskOfAnotherModel_IsRefused()
    {
        Dictionary<string, Mask> masks = new() { ["model.layers.0.mlp.up_proj.weight"] = Mask.FromBytes(1, 4, [1, 1, 0, 0]) };
        Assert.Throws<ArgumentException>(() => Write("llama-gqa-tied", GgufType.Q4, masks));
    }

    [Fact]
    public void Write_OverTheWeightsOfTheModel_IsRefused()
    {
        using TemporaryFolder folder = new();
        string model = Copy(folder, "llama-gqa-tied", config => config, entry => entry.Shape),
            weights = Path.Combine(model, "model.safetensors");
        byte[] before = File.ReadAllBytes(weights);
        Assert.Throws<ArgumentException>(() =>
            GgufExport.Write(model, null, GgufType.Q8, Path.Combine(model, ".", "model.safetensors"), null,
            TestContext.Current.CancellationToken));
        Assert.Equal(before, File.ReadAllBytes(weights));
    }

    [Fact]
    public void Write_Cancelled_LeavesNoFile()
    {
        using TemporaryFolder folder = new();
        Assert.ThrowsAny<OperationCanceledException>(() =>
            GgufExport.Write(ModelMasks.Folder("qwen3"), null, GgufType.Q8, folder.File("a.gguf"), null,
                new CancellationToken(canceled: true)));
        Assert.Empty(Directory.EnumerateFileSystemEntries(folder.Path));
    }

    [Fact]
    public void Write_Progress_EndsAtAllBytes()
    {
        using TemporaryFolder folder = new();
        ToldProgress told = new();
        GgufExport.Write(ModelMasks.Folder("llama-gqa-tied"), null, GgufType.Q8, folder.File("a.gguf"), told,
            TestContext.Current.CancellationToken);
        long total = told.All[0].Total;
        Assert.True(total > 0);
        Assert.Equal(new Progress("packing", total, total), told.All[^1]);
    }

    private static (GgufFile File, GgufReport Report) Write(string model, GgufType type, IReadOnlyDictionary<string, Mask>? masks = null) =>
        WriteFolder(ModelMasks.Folder(model), type, masks);

    private static (GgufFile File, GgufReport Report) WriteFolder(string model, GgufType type,
        IReadOnlyDictionary<string, Mask>? masks = null)
    {
        using TemporaryFolder folder = new();
        GgufReport report = GgufExport.Write(model, masks, type, folder.File("a.gguf"), null, TestContext.Current.CancellationToken);
        Assert.Equal(new FileInfo(folder.File("a.gguf")).Length, report.Bytes);
        return (new GgufFile(folder.File("a.gguf")), report);
    }

    // A model of one value everywhere, with another configuration or other shapes.
    private static string Copy(TemporaryFolder folder, string model, Func<string, string> change,
        Func<TensorEntry, IReadOnlyList<long>> shape, float value = 0.5f)
    {
        Directory.CreateDirectory(folder.File(model));
        File.WriteAllText(folder.File($"{model}/config.json"),
            change(File.ReadAllText(Path.Combine(ModelMasks.Folder(model), "config.json"))));
        using SafetensorsCheckpoint source = SafetensorsCheckpoint.Open(ModelMasks.Folder(model));
        TensorToWrite[] tensors = [.. source.Tensors.Values.Select(entry => Constant(entry.Name, shape(entry), value))];
        SafetensorsWriter.Write(folder.File($"{model}/model.safetensors"), tensors);
        return folder.File(model);
    }

    private static TensorToWrite Constant(string name, IReadOnlyList<long> shape, float value)
    {
        byte[] bytes = [.. Enumerable.Repeat(BitConverter.GetBytes(value), (int)shape.Aggregate(1L, (product, size) => product * size))
            .SelectMany(one => one)];
        return new TensorToWrite(name, TensorType.Float32, shape, bytes.Length, stream => stream.Write(bytes));
    }
}
