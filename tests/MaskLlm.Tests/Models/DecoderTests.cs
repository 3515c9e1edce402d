using MaskLlm.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace MaskLlm.Tests.Models;

[Collection(TorchTests.Name)]
public class DecoderTests
{
    public static TheoryData<string> Families() =>
        [.. Directory.GetDirectories(Fixture.PathOf("models")).Select(folder => Path.GetFileName(folder)!).Order()];

    [Theory]
    [MemberData(nameof(Families))]
    public void Forward_CheckpointOfTransformers_GivesItsLogitsAndLoss(string name)
    {
        using DisposeScope scope = NewDisposeScope();
        using Decoder model = Checkpoint.Load(Fixture.PathOf($"models/{name}"));
        Dictionary<string, Tensor> expected = TensorFile.Read(Fixture.PathOf($"models/{name}/expected.safetensors"));
        using IDisposable noGradient = no_grad();

        Tensor logits = model.Forward(expected["input_ids"]);

        Assert.True(TensorFile.MaxDifference(logits, expected["logits"]) < 1e-4);
        Assert.Equal(expected["loss"].item<float>(), NextTokenLoss(model, expected["input_ids"]).item<float>(), 1e-4f);
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void Forward_MaskedWeights_GivesTheLossAndItsGradientByMask(string name)
    {
        using DisposeScope scope = NewDisposeScope();
        using Decoder model = Checkpoint.Load(Fixture.PathOf($"models/{name}"));
        Dictionary<string, Tensor> expected = TensorFile.Read(Fixture.PathOf($"models/{name}/expected.safetensors"));
        Dictionary<string, Tensor> masks = [];
        foreach (LinearLayer layer in model.Linears)
        {
            // The record has the checkpoint's own layout.
            Tensor mask = masks[layer.Name] = expected["mask." + layer.Name].requires_grad_();
            layer.Lend(layer.Weight * StoredTensors.Read(layer.Layout, mask));
        }
        Assert.Equal(expected.Keys.Count(key => key.StartsWith("mask.", StringComparison.Ordinal)), masks.Count);

        Assert.True(TensorFile.MaxDifference(model.Forward(expected["input_ids"]), expected["masked_logits"]) < 1e-4);
        Tensor loss = NextTokenLoss(model, expected["input_ids"]);
        loss.backward();

        Assert.Equal(expected["masked_loss"].item<float>(), loss.item<float>(), 1e-4f);
        // An expert that no token reaches has none.
        foreach ((string layer, Tensor mask) in masks)
            Assert.True(TensorFile.MaxDifference(mask.grad ?? zeros_like(mask), expected["mask_grad." + layer]) < 1e-4, layer);
    }

    private static Tensor NextTokenLoss(Decoder model, Tensor ids)
    {
        Tensor logits = model.Forward(ids).narrow(1, 0, ids.size(1) - 1);
        return nn.functional.cross_entropy(logits.reshape(-1, logits.size(2)), ids.narrow(1, 1, ids.size(1) - 1).reshape(-1));
    }
}
