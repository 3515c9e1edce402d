using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using MaskLlm.Architectures;
using MaskLlm.Decoding;
using MaskLlm.Formats;
using MaskLlm.Formats.Gguf;
using MaskLlm.Formats.Safetensors;
using MaskLlm.Masks;
using MaskLlm.Models;
using MaskLlm.Packing;
using MaskLlm.Patterns;
using MaskLlm.Priors;
using MaskLlm.Products;
using MaskLlm.Tests.Architectures.Families;
using TorchSharp;
using static TorchSharp.torch;

namespace MaskLlm.Tests.Architectures;

/// <summary>Configurations that do not describe the tensors beside them.</summary>
[Collection(TorchTests.Name)]
public sealed class CheckpointContentsTests
{
    private static readonly string[] Prefixes = ["model.", "transformer.", "gpt_neox."];

    private const string Tied = "llama-gqa-tied", Untied = "llama-mha-untied";

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public void Load_TiedWithAnotherHead_TakesTheHeadAndSaysSo()
    {
        using TemporaryFolder folder = new();
        Copy(Tied, folder, "{}", tensors => tensors.Add(OtherHead));
        using TemporaryFolder untied = new();
        Copy(Tied, untied, """{"tie_word_embeddings": false}""", tensors => tensors.Add(OtherHead));
        Assert.Equal(Logits(untied.Path), Logits(folder.Path));
        Assert.NotEqual(Logits(Fixture.PathOf($"models/{Tied}")), Logits(folder.Path));
        string note = Assert.Single(CheckpointConfig.Notes(folder.Path));
        Assert.Contains("lm_head.weight has other values", note, StringComparison.Ordinal);
        Assert.Empty(CheckpointConfig.Notes(untied.Path));
    }

    [Fact]
    public void Load_TiedWithTheSameHead_IsTiedAndSilent()
    {
        using TemporaryFolder folder = new();
        Copy(Tied, folder, "{}", tensors =>
            tensors.Add(("lm_head.weight", tensors.Single(tensor => tensor.Name == "model.embed_tokens.weight").Values)));
        Assert.True(CheckpointConfig.Read(folder.Path).TieWordEmbeddings);
        Assert.Empty(CheckpointConfig.Notes(folder.Path));
        Assert.Equal(Logits(Fixture.PathOf($"models/{Tied}")), Logits(folder.Path));
    }

    [Fact]
    public void Export_TiedWithAnotherHead_CarriesTheHead()
    {
        using TemporaryFolder folder = new();
        Copy(Tied, folder, "{}", tensors => tensors.Add(OtherHead));
        string packed = folder.File("packed");
        RuntimeExport.Write(folder.Path, null, WeightType.Float32, packed, stop: Stop);
        using (RuntimeModel model = RuntimeModel.Open(packed)) Assert.False(model.Config.TieWordEmbeddings);
        GgufExport.Write(folder.Path, null, GgufType.Float32, folder.File("a.gguf"), cancellation: Stop);
        Assert.True(File.ReadAllBytes(folder.File("a.gguf")).AsSpan().IndexOf("output.weight"u8) > 0);
    }

    [Fact]
    public void Notes_MoreBlocksThanTheConfiguration_NamesTheirTensorsOnce()
    {
        using TemporaryFolder folder = new();
        Copy(Untied, folder, """{"num_hidden_layers": 1}""", _ => { });
        string note = Assert.Single(CheckpointConfig.Notes(folder.Path));
        Assert.Contains("nothing reads 9 of the file's tensors", note, StringComparison.Ordinal);
        Assert.Contains("model.layers.1.", note, StringComparison.Ordinal);
        Assert.EndsWith(", ....", note, StringComparison.Ordinal);
    }

    [Fact]
    public void Notes_BiasThatTheConfigurationDenies_IsNamed()
    {
        using TemporaryFolder folder = new();
        Copy("llama-bias", folder, """{"mlp_bias": false}""", _ => { });
        Assert.Contains("nothing reads 6 of the file's tensors", Assert.Single(CheckpointConfig.Notes(folder.Path)),
            StringComparison.Ordinal);
    }

    [Fact]
    public void Notes_OldRotaryBuffers_AreNotNamed()
    {
        using TemporaryFolder folder = new();
        Copy(Untied, folder, "{}", tensors => tensors.Add(("model.layers.0.self_attn.rotary_emb.inv_freq", [1f])));
        Assert.Empty(CheckpointConfig.Notes(folder.Path));
    }

    [Theory]
    [InlineData(3)]
    [InlineData(60000)]
    public void Read_FewerBlocksThanTheConfiguration_IsRefusedEverywhere(int blocks)
    {
        using TemporaryFolder folder = new();
        Copy(Untied, folder, $$"""{"num_hidden_layers": {{blocks}}}""", _ => { });
        Action[] readers =
        [
            () => CheckpointConfig.Read(folder.Path),
            () => CheckpointConfig.LinearShapes(folder.Path),
            () => Checkpoint.Load(folder.Path).Dispose(),
            () => RuntimeExport.Write(folder.Path, null, WeightType.Int8, folder.File("packed"), stop: Stop), () =>
            CheckpointConfig.Notes(folder.Path),
            () => GgufExport.Write(folder.Path, null, GgufType.Float32, folder.File("a.gguf"), cancellation: Stop),
        ];
        Assert.All(readers, read => Assert.Equal(
            $"{folder.Path}: model.layers.2.* is missing: config.json gives num_hidden_layers {blocks} and the tensors are of 2 blocks; "
                + "is the checkpoint complete?",
            Assert.Throws<InvalidDataException>(read).Message));
    }

    // Before a text is encoded, whose ids would be blamed.
    [Fact]
    public void Read_VocabularyThatTheEmbeddingDoesNotHave_NamesTheEmbedding()
    {
        using TemporaryFolder folder = new();
        Copy(Untied, folder, """{"vocab_size": 5}""", _ => { });
        Action[] readers = [() => CheckpointConfig.Read(folder.Path), () => CheckpointConfig.LinearShapes(folder.Path), () =>
            Checkpoint.Load(folder.Path).Dispose()];
        Assert.All(readers, read => Assert.Matches(
            @"model\.embed_tokens\.weight has shape \(\d+, (\d+)\); config\.json gives \(5, \1\)\.$",
                Assert.Throws<InvalidDataException>(read).Message));
    }

    [Theory]
    [InlineData("""{"hidden_size": 1048576}""")]
    [InlineData("""{"intermediate_size": 4194304}""")]
    [InlineData("""{"head_dim": 16384}""")]
    [InlineData("""{"num_attention_heads": 65536}""")]
    public void LinearShapes_SizeThatTheTensorsDoNotHave_IsRefused(string changes)
    {
        using TemporaryFolder folder = new();
        Copy(Untied, folder, changes, _ => { });
        string message = Assert.Throws<InvalidDataException>(() => CheckpointConfig.LinearShapes(folder.Path)).Message;
        Assert.Contains(" has shape (", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Load_Gpt2AsItWasPublished_IsTheSameModel()
    {
        using TemporaryFolder folder = new();
        Copy("gpt2", folder, """{"n_ctx": 64}""", tensors =>
        {
            Strip(tensors);
            // Triangles that early versions saved.
            foreach (int block in new[] { 0, 1 })
                tensors.AddRange([($"h.{block}.attn.bias", new float[64]), ($"h.{block}.attn.masked_bias", [-1e4f])]);
        });
        Assert.Equal(Logits(Fixture.PathOf("models/gpt2")), Logits(folder.Path));
        Assert.Empty(CheckpointConfig.Notes(folder.Path));
    }

    [Theory]
    [InlineData(Tied)]
    [InlineData("llama-bf16-sharded")]
    [InlineData("gpt2")]
    [InlineData("gpt-neox-parallel")]
    [InlineData("bloom")]
    [InlineData("opt")]
    public void Load_BaseModelWithoutPrefix_IsTheSameModel(string name)
    {
        using TemporaryFolder folder = new();
        Copy(name, folder, "{}", tensors => Strip(tensors));
        string whole = Fixture.PathOf($"models/{name}");
        Assert.Equal(Logits(whole), Logits(folder.Path));
        Assert.Empty(CheckpointConfig.Notes(folder.Path));
        Assert.Equal(CheckpointConfig.LinearShapes(whole), CheckpointConfig.LinearShapes(folder.Path));
    }

    [Fact]
    public void Load_BaseModelWithoutHead_IsRefusedWhereTheHeadIsNotTied()
    {
        using TemporaryFolder folder = new();
        Copy(Untied, folder, "{}", tensors =>
        {
            Strip(tensors);
            tensors.RemoveAll(tensor => tensor.Name == "lm_head.weight");
        });
        Assert.Contains(
            "lm_head.weight is missing", Assert.Throws<InvalidDataException>(() => Checkpoint.Load(folder.Path)).Message,
                StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(Tied, "layers.0.mlp.up_proj.weight", "model.")]
    [InlineData("gpt2", "h.0.mlp.c_fc.weight", "transformer.")]
    public void Apply_BaseModelWithoutPrefix_MasksAndKeepsTheFilesNames(string fixture, string bare, string prefix)
    {
        using TemporaryFolder folder = new();
        Copy(fixture, folder, "{}", tensors => Strip(tensors));
        Dictionary<string, Mask> masks;
        using (Decoder model = Checkpoint.Load(folder.Path))
            masks = model.Linears.ToDictionary(layer => layer.Name, layer => Magnitude.Prune(layer.Weight, NmPattern.TwoOfFour));
        MaskedCheckpoint.Write(folder.Path, masks, folder.File("bare"), cancellation: Stop);
        MaskedCheckpoint.Write(Fixture.PathOf($"models/{fixture}"), masks, folder.File("whole"), cancellation: Stop);
        Assert.Equal(Logits(folder.File("whole")), Logits(folder.File("bare")));
        using SafetensorsFile written = SafetensorsFile.Open(Path.Combine(folder.File("bare"), "model.safetensors"));
        Assert.Contains(bare, written.Tensors.Keys);
        Assert.DoesNotContain(written.Tensors.Keys, name => name.StartsWith(prefix, StringComparison.Ordinal));
    }

    [Fact]
    public void OpenRuntimeFile_NumberOutOfItsRange_IsRefusedAsInAFolder()
    {
        using TemporaryFolder folder = new();
        string packed = folder.File("packed");
        RuntimeExport.Write(Fixture.PathOf($"models/{Tied}"), null, WeightType.Float32, packed, stop: Stop);
        byte[] bytes = File.ReadAllBytes(packed);
        int at = bytes.AsSpan().IndexOf("\"rms_norm_eps\": 1e-05"u8);
        Assert.True(at > 0);
        "\"rms_norm_eps\": -1e05"u8.CopyTo(bytes.AsSpan(at));
        // As whoever made such a file would have it: its checksum is right.
        Span<byte> digits = bytes.AsSpan(bytes.AsSpan().IndexOf("\"checksum\":\""u8) + "\"checksum\":\""u8.Length, 16);
        digits.Fill((byte)'0');
        System.Text.Encoding.ASCII.GetBytes(Checksum.Of(bytes)).CopyTo(digits);
        File.WriteAllBytes(packed, bytes);
        Assert.StartsWith(
            $"{packed}: config.json: rms_norm_eps is -100000; ",
            Assert.Throws<InvalidDataException>(() => RuntimeModel.Open(packed)).Message,
            StringComparison.Ordinal);
    }

    private static (string Name, float[] Values) OtherHead =>
        ("lm_head.weight", [.. Enumerable.Range(0, 128 * 32).Select(i => MathF.Sin(i) / 8)]);

    private static void Strip(List<(string Name, float[] Values)> tensors)
    {
        for (int i = 0; i < tensors.Count; i++)
            if (Prefixes.FirstOrDefault(prefix => tensors[i].Name.StartsWith(prefix, StringComparison.Ordinal)) is { } prefix)
                tensors[i] = (tensors[i].Name[prefix.Length..], tensors[i].Values);
    }

    /// <summary>Writes a fixture again in float32, with other keys in its configuration and other tensors.</summary>
    private static void Copy(string name, TemporaryFolder folder, string changes, Action<List<(string Name, float[] Values)>> change)
    {
        string from = Fixture.PathOf($"models/{name}");
        JsonObject config = JsonNode.Parse(File.ReadAllText(Path.Combine(from, "config.json")))!.AsObject();
        ConfigCase.Change(config, changes);
        File.WriteAllText(folder.File("config.json"), config.ToJsonString());
        List<(string Name, float[] Values)> tensors = [];
        Dictionary<string, IReadOnlyList<long>> shapes = [];
        using (SafetensorsCheckpoint file = SafetensorsCheckpoint.Open(from))
            foreach (TensorEntry entry in file.Tensors.Values)
            {
                float[] values = new float[entry.Shape.Aggregate(1L, (product, size) => product * size)];
                CheckpointRows.Read(file, entry, 0, values);
                tensors.Add((entry.Name, values));
                shapes[entry.Name] = entry.Shape;
            }
        change(tensors);
        IReadOnlyList<long> ShapeOf(string tensor, float[] values) => shapes.GetValueOrDefault(tensor)
            ?? Prefixes.Select(prefix => shapes.GetValueOrDefault(prefix + tensor)).FirstOrDefault(shape => shape is not null)
            ?? (tensor == "lm_head.weight" ? [128, 32] : [values.Length]);
        TensorToWrite[] written = [.. tensors.Select(tensor => new TensorToWrite(
            tensor.Name, TensorType.Float32, ShapeOf(tensor.Name, tensor.Values), tensor.Values.Length * sizeof(float),
            stream => stream.Write(MemoryMarshal.AsBytes<float>(tensor.Values))))];
        SafetensorsWriter.Write(folder.File("model.safetensors"), written, new Dictionary<string, string>());
    }

    private static float[] Logits(string folder)
    {
        using DisposeScope scope = NewDisposeScope();
        using Decoder model = Checkpoint.Load(folder);
        using IDisposable noGradient = no_grad();
        return model.Forward(arange(34, dtype: ScalarType.Int64).mul_(37).remainder_(128).view(2, 17)).data<float>().ToArray();
    }
}
