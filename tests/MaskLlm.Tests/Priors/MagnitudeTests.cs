using MaskLlm.Architectures;
using MaskLlm.Formats.MaskNpz;
using MaskLlm.Formats.Safetensors;
using MaskLlm.Masks;
using MaskLlm.Models;
using MaskLlm.Patterns;
using MaskLlm.Priors;
using TorchSharp;
using static TorchSharp.torch;

namespace MaskLlm.Tests.Priors;

[Collection(TorchTests.Name)]
public sealed class MagnitudeTests
{
    [Theory]
    [InlineData("2:4", "2of4")]
    [InlineData("1:4", "1of4")]
    [InlineData("3:4", "3of4")]
    [InlineData("4:8", "4of8")]
    public void Prune_RecordedLayer_GivesTheRecordedMask(string pattern, string key)
    {
        using DisposeScope scope = NewDisposeScope();
        using SafetensorsFile file = SafetensorsFile.Open(Fixture.PathOf("method/oneshot-layer.safetensors"));
        TensorEntry weight = file.Tensors["weight"];
        Mask recorded = Mask.FromBytes((int)weight.Shape[0], (int)weight.Shape[1], file.Bytes(file.Tensors[$"magnitude.{key}.mask"]));

        Mask mask =
            Magnitude.Prune(TensorBytes.Read(weight, (offset, target) => file.Read(weight, offset, target)), NmPattern.Parse(pattern));

        Assert.True(recorded.Packed.SequenceEqual(mask.Packed));
        Assert.Equal(0, mask.ViolationCount(NmPattern.Parse(pattern)));
    }

    [Fact]
    public void Prune_TrainedModel_GivesTheRecordedMasks()
    {
        if (Fixture.Shared("fixtures/trained/small") is not { } folder)
        {
            Assert.Skip("no shared fixtures on this machine");
            return;
        }
        using Decoder model = Checkpoint.Load(folder);
        IReadOnlyDictionary<string, Mask> recorded = MaskNpz.Read(Path.Combine(folder, "masks", "magnitude.npz"),
            CheckpointConfig.LinearShapes(folder));

        Assert.Equal(model.Linears.Select(layer => layer.Name).Order(), recorded.Keys.Order());
        foreach (LinearLayer layer in model.Linears)
            Assert.True(recorded[layer.Name].Packed.SequenceEqual(Magnitude.Prune(layer.Weight, NmPattern.TwoOfFour).Packed), layer.Name);
    }

    [Fact]
    public void Prune_Ties_KeepTheLowerIndex()
    {
        using DisposeScope scope = NewDisposeScope();
        byte[] kept = new byte[8];
        Magnitude.Prune(tensor(new float[] { 1, -1, 1, 1, 0, 2, -2, 2 }).view(1, 8), NmPattern.TwoOfFour).CopyTo(kept);
        Assert.Equal([1, 1, 0, 0, 0, 1, 1, 0], kept);
    }

    [Fact]
    public void Prune_ColumnsNotDivisible_NamesThem()
    {
        using DisposeScope scope = NewDisposeScope();
        string message = Assert.Throws<ArgumentException>(() => Magnitude.Prune(ones(2, 6), NmPattern.TwoOfFour)).Message;
        Assert.Contains("6 columns; pattern 2:4", message, StringComparison.Ordinal);
    }
}
