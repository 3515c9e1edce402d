using MaskLlm.Architectures;
using MaskLlm.Formats;
using MaskLlm.Formats.Safetensors;
using MaskLlm.Models;
using MaskLlm.Packing;
using MaskLlm.Tests.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace MaskLlm.Tests.Packing;

/// <summary>Orders drawn by chance leave what a decoder computes as it is.</summary>
[Collection(TorchTests.Name)]
public sealed class PermutedCheckpointTests(VariantTests.Checkpoints variants) : IClassFixture<VariantTests.Checkpoints>
{
    [Theory]
    [MemberData(nameof(DecoderTests.Families), MemberType = typeof(DecoderTests))]
    public void Write_Family_GivesTheSameLogitsTypesNamesAndFiles(string name)
    {
        string model = Fixture.PathOf($"models/{name}");
        using TemporaryFolder folder = new();
        Permute(model, folder.File("out"), 1e-4);
        using SafetensorsCheckpoint source = SafetensorsCheckpoint.Open(model), written = SafetensorsCheckpoint.Open(folder.File("out"));
        foreach ((SafetensorsFile before, SafetensorsFile after) in source.Files.Zip(written.Files, (a, b) => (a, b)))
        {
            Assert.Equal(Path.GetFileName(before.Path), Path.GetFileName(after.Path));
            Assert.Equal(before.Metadata, after.Metadata);
            Assert.Equal(before.InFileOrder.Select(Of), after.InFileOrder.Select(Of));
        }
        // No part of the orders is one that changes nothing.
        foreach ((string tensor, int[] shape) in ParameterShapes.All(CheckpointConfig.Read(model)).Where(tensor => tensor.Shape.Length > 1))
            Assert.False(source.Bytes(tensor).SequenceEqual(written.Bytes(tensor)), tensor);

        static (string, TensorType, string) Of(TensorEntry entry) => (entry.Name, entry.Type, string.Join(", ", entry.Shape));
    }

    [Theory]
    [MemberData(nameof(VariantTests.Names), MemberType = typeof(VariantTests))]
    public void Write_Variant_GivesTheSameLogits(string name)
    {
        using TemporaryFolder folder = new();
        Permute(variants.Of(name), folder.File("out"), 1e-4);
    }

    // transformers 4 saved a tied head beside its embedding; it would be taken for one of its own, were only one of them moved.
    [Fact]
    public void Write_HeadBesideATiedEmbedding_MovesBoth()
    {
        using TemporaryFolder folder = new();
        string model = Rewritten("llama-gqa-tied", folder.File("model"), name => name, "lm_head.weight");
        Permute(model, folder.File("out"), 1e-4);
        Assert.True(CheckpointConfig.Read(folder.File("out")).TieWordEmbeddings);
    }

    [Fact]
    public void Write_ModelSavedWithoutItsHead_MovesItsTensors()
    {
        using TemporaryFolder folder = new();
        Permute(Rewritten("llama-gqa-tied", folder.File("model"), name => name["model.".Length..], null), folder.File("out"), 1e-4);
    }

    [Fact]
    public void Write_TensorThatNothingReads_IsCopied()
    {
        using TemporaryFolder folder = new();
        string model = Rewritten("llama-gqa-tied", folder.File("model"), name => name, "other.weight");
        Permute(model, folder.File("out"), 1e-4);
        using SafetensorsCheckpoint source = SafetensorsCheckpoint.Open(model), written = SafetensorsCheckpoint.Open(folder.File("out"));
        Assert.True(source.Bytes("other.weight").SequenceEqual(written.Bytes("other.weight")));
    }

    [Fact]
    public void Write_Interrupted_LeavesNoFolder()
    {
        using TemporaryFolder folder = new();
        string model = Fixture.PathOf("models/llama-gqa-tied");
        using (StagedFolder staged = StagedFolder.Create(folder.File("out"), force: false, model))
            Assert.Throws<OperationCanceledException>(() => PermutedCheckpoint.Write(
                model, Shuffled(CheckpointConfig.Read(model)).ByTensor(), staged, null, new CancellationToken(canceled: true)));
        Assert.Empty(Directory.GetFileSystemEntries(Path.GetDirectoryName(folder.File("out"))!));
    }

    private static void Permute(string model, string target, double tolerance)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGradient = no_grad();
        using (StagedFolder staged = StagedFolder.Create(target, force: false, model))
        {
            PermutedCheckpoint.Write(model, Shuffled(CheckpointConfig.Read(model)).ByTensor(), staged, null, CancellationToken.None);
            staged.Commit();
        }
        using Decoder before = Checkpoint.Load(model), after = Checkpoint.Load(target);
        Tensor ids = tensor([.. Enumerable.Range(0, 24).Select(i => (long)(i * 7 % before.Config.VocabularySize))], [2, 12]);
        Assert.InRange(TensorFile.MaxDifference(after.Forward(ids), before.Forward(ids)), 0, tolerance);
    }

    private static ChannelOrders Shuffled(DecoderConfig config)
    {
        Random random = new(1);
        ChannelOrders orders = new(config);
        random.Shuffle(orders.Residual);
        foreach (int[] order in orders.Mlp) random.Shuffle(order);
        foreach (int[] order in orders.Experts.SelectMany(experts => experts)) random.Shuffle(order);
        foreach (int[] order in orders.Value.SelectMany(heads => heads)) random.Shuffle(order);
        foreach (int[] order in orders.QueryLatent.Concat(orders.KeyValueLatent)) random.Shuffle(order);
        return orders;
    }

    // With other names, and one tensor more: the embedding again.
    private static string Rewritten(string fixture, string folder, Func<string, string> rename, string? more)
    {
        Directory.CreateDirectory(folder);
        string source = Fixture.PathOf($"models/{fixture}");
        File.Copy(Path.Combine(source, "config.json"), Path.Combine(folder, "config.json"));
        using SafetensorsCheckpoint file = SafetensorsCheckpoint.Open(source);
        TensorToWrite Of(string name, string newName)
        {
            byte[] bytes = file.Bytes(name).ToArray();
            TensorEntry entry = file.Tensors[name];
            return new TensorToWrite(newName, entry.Type, entry.Shape, bytes.Length, stream => stream.Write(bytes));
        }
        SafetensorsWriter.Write(Path.Combine(folder, "model.safetensors"),
        [
            .. file.Tensors.Keys.Select(name => Of(name, rename(name))),
            .. more is null ? [] : new[] { Of("model.embed_tokens.weight", more) },
        ]);
        return folder;
    }
}
