using MaskLlm.Architectures;
using MaskLlm.Formats.Gguf;
using MaskLlm.Formats.Safetensors;
using MaskLlm.Masks;
using MaskLlm.Packing;
using MaskLlm.Packing.Gguf;
using MaskLlm.Products;
using MaskLlm.Tests.Machine;
using MaskLlm.Tests.Models;

namespace MaskLlm.Tests.Packing;

/// <summary>Small parts of packing: turned matrices, new values, where exports may write.</summary>
public sealed class PackingPartsTests : IDisposable
{
    private const string Fused = "transformer.h.0.attn.c_attn.weight";

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void TurnedTensor_MatrixOrVector_IsOutputsByInputs()
    {
        using SafetensorsCheckpoint file = Two([2, 3], [1, 2, 3, 4, 5, 6]);
        Assert.Equal([1f, 4, 2, 5, 3, 6], TurnedTensor.Read(file, file.Tensors["w"]));
        Assert.Equal([1f, 2, 3], TurnedTensor.Read(file, file.Tensors["v"]));
    }

    /// <summary>GPT-2 stores (inputs, outputs); masks and new weights come (outputs, inputs).</summary>
    [Fact]
    public void Write_NewValuesOfATransposedWeight_AreTurnedAndMasked()
    {
        const int Outputs = 96, Inputs = 32;
        float[] values = [.. Enumerable.Range(1, Outputs * Inputs).Select(i => (float)i)];
        byte[] kept = [.. Enumerable.Range(0, Outputs * Inputs).Select(i => (byte)(i % 4 < 2 == i / Inputs % 2 < 1 ? 1 : 0))];
        Dictionary<string, Mask> masks = new() { [Fused] = Mask.FromBytes(Outputs, Inputs, kept) };
        using SafetensorsFile updated = One("new.safetensors", Fused, [Outputs, Inputs], values);

        MaskedCheckpoint.Write(
            ModelMasks.Folder("gpt2"), masks, new Dictionary<string, SafetensorsFile> { [Fused] = updated }, _folder.File("out"), false,
            null, TestContext.Current.CancellationToken);

        using SafetensorsCheckpoint before = SafetensorsCheckpoint.Open(ModelMasks.Folder("gpt2")),
            after = SafetensorsCheckpoint.Open(_folder.File("out"));
        float[] written = new float[Outputs * Inputs];
        CheckpointRows.Read(after, after.Tensors[Fused], 0, written);
        Assert.Equal(
            Enumerable.Range(0, written.Length).Select(i => (i % Outputs * Inputs) + (i / Outputs)).Select(i => values[i] * kept[i]),
            written);
        const string Other = "transformer.h.0.attn.c_proj.weight";
        Assert.Equal(
            before.FileOf(Other).Bytes(before.Tensors[Other]).ToArray(), after.FileOf(Other).Bytes(after.Tensors[Other]).ToArray());
    }

    [Fact]
    public void Write_NewValuesThatAreAnothers_AreRefusedInThisSentence()
    {
        foreach ((string name, long[] shape, bool isHalf) in new[]
        {
            ("other", new long[] { 96, 32 }, false), (Fused, [32, 96], false), (Fused, [96, 32], true),
        })
        {
            using SafetensorsFile updated = One("new.safetensors", name, shape, new float[96 * 32], isHalf);
            Assert.Equal(
                $"{updated.Path}: no {Fused} of shape (96, 32) in F32; the file belongs to another model.",
                Assert.Throws<InvalidDataException>(() => MaskedCheckpoint.Write(
                    ModelMasks.Folder("gpt2"), new Dictionary<string, Mask>(),
                    new Dictionary<string, SafetensorsFile> { [Fused] = updated }, _folder.File("out"), false, null,
                    TestContext.Current.CancellationToken)).Message);
            Assert.False(Directory.Exists(_folder.File("out")));
        }
    }

    /// <summary>A matrix of less than four megabytes is packed at once, and told of once.</summary>
    [Fact]
    public void RuntimeExport_Progress_IsAMatrixATime()
    {
        ToldProgress told = new();
        RuntimeExport.Write(
            ModelMasks.Folder("llama-gqa-tied"), null, WeightType.Float32, _folder.File("m.maskllm"), told,
            TestContext.Current.CancellationToken);
        long[] done = [.. told.All.Select(one => one.Done)];
        Assert.Equal(MatrixPlan.All(CheckpointConfig.Read(ModelMasks.Folder("llama-gqa-tied"))).Count, done.Length);
        Assert.Equal(done.Order().Distinct(), done);
        Assert.All(told.All, one => Assert.Equal(("packing", done[^1]), (one.Phase, one.Total)));
    }

    /// <summary>Positions are looked up and stay as exact as norms and biases; matrices take the type that was asked for.</summary>
    [Fact]
    public void GgufParts_Gpt2_KeepsPositionsAndVectorsExact()
    {
        DecoderConfig config = CheckpointConfig.Read(ModelMasks.Folder("gpt2"));
        Assert.Equal(
            ["position_embd.weight", "blk.0.attn_qkv.bias", "blk.0.attn_output.bias", "blk.0.ffn_up.bias", "blk.0.ffn_down.bias",
                "blk.0.attn_norm.weight", "blk.0.attn_norm.bias", "blk.0.ffn_norm.weight", "blk.0.ffn_norm.bias"],
            GgufParts.Of(config).Where(part => part.IsExact).Select(part => part.Name).Take(9));
        Assert.All(GgufParts.Of(config).Where(part => !part.IsExact), part => Assert.Equal(2, part.Shape.Count));
    }

    /// <summary>llama.cpp scales the largest Gemmas by width / heads: of 46 and 62 blocks.</summary>
    [Theory]
    [InlineData("gemma2", 26, 0.25)]
    [InlineData("gemma2", 46, 0.125)]
    [InlineData("gemma2", 62, 0.25)]
    [InlineData("gemma3", 34, 0.25)]
    [InlineData("gemma3", 62, 0.125)]
    [InlineData("gemma3", 46, 0.25)]
    public void AttentionScale_LargestGemma_IsOfWidthOverHeads(string family, int blocks, double expected)
    {
        DecoderConfig config = CheckpointConfig.Read(ModelMasks.Folder(family)) with
        {
            BlockCount = blocks,
            HiddenSize = 512,
            HeadCount = 8,
            HeadSize = 16,
        };
        Assert.Equal(expected, GgufArchitecture.Of(config).AttentionScale(config));
    }

    [Fact]
    public void GgufBiases_OfAPlan_AreToldApart()
    {
        DecoderConfig config = CheckpointConfig.Read(ModelMasks.Folder("llama-gqa-tied"));
        bool[] no = [false, true];
        GgufBiases[] all =
        [
            .. from mlp in no from output in no from input in no
               select GgufBiasesOfPlan.Of(config with { QueryKeyValueBias = input, AttentionOutputBias = output, MlpBias = mlp }),
        ];
        Assert.Equal(Enumerable.Range(0, 8), all.Select(biases => (int)biases));
        Assert.Equal(
            [GgufBiases.QueryKeyValue, GgufBiases.AttentionOutput, GgufBiases.Mlp, GgufBiases.All], [all[1], all[2], all[4], all[7]]);
    }

    [Fact]
    public void ExportTarget_WhatMayNotBeLost_IsRefused()
    {
        string source = Path.GetDirectoryName(_folder.File("none/x"))!, mask = _folder.Write("mask.npz", [1]),
            other = _folder.Write("other.bin", [2]), own = _folder.File("own.maskllm"), gguf = _folder.File("own.gguf");
        SafetensorsWriter.Write(own, [Tensor("w", [1], [1])], new Dictionary<string, string> { ["format"] = "maskllm-runtime" });
        void Refused(string words, string target, bool force) => Assert.Contains(
            words, Assert.Throws<ArgumentException>(() => ExportTarget.Require(target, force, source, mask)).Message,
            StringComparison.Ordinal);
        foreach (bool force in new[] { false, true })
        {
            ExportTarget.Require(_folder.File("new"), force, source, mask);
            Refused(" is the mask that is read; name another file.", mask, force);
            Refused(" is a folder; name a file.", _folder.Path, force);
            Refused(force ? " and this is none " : ": a file is there; name another, ", other, force);
        }
        ExportTarget.Require(own, true, source, null);
        Refused(": a file is there; ", own, false);
        GgufFields fields = new();
        fields.Add(GgufWriter.OwnKey, GgufWriter.OwnValue);
        GgufWriter.Write(gguf, fields, []);
        ExportTarget.Require(gguf, true, source, null);
    }

    private SafetensorsCheckpoint Two(long[] shape, float[] values)
    {
        SafetensorsWriter.Write(
            _folder.File("two/model.safetensors"), [Tensor("w", shape, values), Tensor("v", [3], values[..3])],
            new Dictionary<string, string>());
        return SafetensorsCheckpoint.Open(_folder.File("two"));
    }

    private SafetensorsFile One(string file, string name, long[] shape, float[] values, bool isHalf = false)
    {
        TensorToWrite half = new(name, TensorType.BFloat16, shape, values.Length * 2, stream => stream.Write(new byte[values.Length * 2]));
        SafetensorsWriter.Write(_folder.File(file), [isHalf ? half : Tensor(name, shape, values)], new Dictionary<string, string>());
        return SafetensorsFile.Open(_folder.File(file));
    }

    private static TensorToWrite Tensor(string name, long[] shape, float[] values)
    {
        byte[] bytes = [.. values.SelectMany(BitConverter.GetBytes)];
        return new TensorToWrite(name, TensorType.Float32, shape, bytes.Length, stream => stream.Write(bytes));
    }
}
