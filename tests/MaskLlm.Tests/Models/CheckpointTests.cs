using MaskLlm.Architectures;
using MaskLlm.Masks;
using MaskLlm.Models;
using MaskLlm.Patterns;
using MaskLlm.Priors;
using TorchSharp;
using static TorchSharp.torch;

namespace MaskLlm.Tests.Models;

[Collection(TorchTests.Name)]
public class CheckpointTests
{
    private static readonly string BFloat16File = Fixture.PathOf("models/llama-bf16-sharded"),
        Float32File = Fixture.PathOf("models/llama-gqa-tied");

    [Fact]
    public void Load_KeepBFloat16_KeepsTheLinearWeightsAndWidensTheRest()
    {
        using Decoder model = Checkpoint.Load(BFloat16File, keepBFloat16: true);

        Assert.Equal(ScalarType.Float32, model.Compute);
        Assert.All(model.Linears, layer => Assert.Equal(ScalarType.BFloat16, layer.Weight.dtype));
        HashSet<string> linears = [.. model.Linears.Select(layer => layer.Name)];
        Assert.All(model.Parameters.Where(pair => !linears.Contains(pair.Key)), pair => Assert.Equal(ScalarType.Float32, pair.Value.dtype));
    }

    [Fact]
    public void Load_KeepBFloat16OfAFloat32File_LosesNoBit()
    {
        using Decoder model = Checkpoint.Load(Float32File, keepBFloat16: true);

        Assert.All(model.Linears, layer => Assert.Equal(ScalarType.Float32, layer.Weight.dtype));
    }

    [Fact]
    public void Load_Default_WidensAll()
    {
        using Decoder model = Checkpoint.Load(BFloat16File);

        Assert.All(model.Parameters.Values, parameter => Assert.Equal(ScalarType.Float32, parameter.dtype));
    }

    [Fact]
    public void Forward_KeptBFloat16_IsBitEqualDenseAndMasked()
    {
        using DisposeScope scope = NewDisposeScope();
        using Decoder wide = Checkpoint.Load(BFloat16File), kept = Checkpoint.Load(BFloat16File, keepBFloat16: true);
        using IDisposable noGradient = no_grad();
        Assert.Equal(0, TensorFile.MaxDifference(Logits(wide), Logits(kept)));

        Dictionary<string, Mask> masks = kept.Linears.ToDictionary(layer => layer.Name, layer =>
            Magnitude.Prune(layer.Weight, NmPattern.TwoOfFour));
        Assert.All(wide.Linears, layer =>
            Assert.True(masks[layer.Name].Packed.SequenceEqual(Magnitude.Prune(layer.Weight, NmPattern.TwoOfFour).Packed)));
        using MaskedWeights wideMasked = MaskedWeights.Apply(wide, masks), keptMasked = MaskedWeights.Apply(kept, masks);
        Assert.All(kept.Linears, layer => Assert.Equal(ScalarType.BFloat16, layer.Weight.dtype));
        Assert.Equal(0, TensorFile.MaxDifference(Logits(wide), Logits(kept)));
    }

    [Theory]
    [InlineData("llama-bf16-sharded")]
    [InlineData("llama-bias")]
    [InlineData("qwen3")]
    [InlineData("mistral-sliding")]
    public void Forward_BFloat16_IsNearFloat32(string name)
    {
        using DisposeScope scope = NewDisposeScope();
        using Decoder wide = Checkpoint.Load(Fixture.PathOf($"models/{name}")),
            narrow = Checkpoint.Load(Fixture.PathOf($"models/{name}"), compute: ScalarType.BFloat16);
        using IDisposable noGradient = no_grad();

        Tensor expected = Logits(wide), found = Logits(narrow);

        Assert.Equal(ScalarType.BFloat16, narrow.Compute);
        Assert.Equal(ScalarType.BFloat16, found.dtype);
        double difference = (expected - found).norm().item<float>() / expected.norm().item<float>();
        Assert.True(difference is > 0 and < 2e-2, $"{difference}");
    }

    [Fact]
    public void Load_OtherComputeType_SaysWhichAreKnown() =>
        Assert.Contains("float32 or bfloat16",
            Assert.Throws<ArgumentException>(() => Checkpoint.Load(Float32File, compute: ScalarType.Float16)).Message,
            StringComparison.Ordinal);

    [Fact]
    public void Parse_Names_GivesTheirTypes()
    {
        Assert.Equal(ScalarType.Float32, Precision.Parse("float32"));
        Assert.Equal(ScalarType.BFloat16, Precision.Parse("BFloat16"));
        Assert.Equal("`Precision` fp16: float32 or bfloat16 is expected.",
            Assert.Throws<ArgumentException>(() => Precision.Parse("fp16")).Message);
    }

    private static Tensor Logits(Decoder model) =>
        model.Forward(arange(34, dtype: ScalarType.Int64).mul_(37).remainder_(128).view(2, 17));

    [Theory]
    [MemberData(nameof(DecoderTests.Families), MemberType = typeof(DecoderTests))]
    public void ParameterShapes_EveryFamily_AreTheDecodersInItsOrder(string name)
    {
        using Decoder model = Checkpoint.Load(Fixture.PathOf($"models/{name}"));
        Assert.Equal(
            model.Parameters.Select(parameter => $"{parameter.Key} {string.Join(' ', Stored(parameter.Key, parameter.Value.shape))}"),
            ParameterShapes.All(model.Config).Select(parameter => $"{parameter.Name} {string.Join(' ', parameter.Shape)}"));
        Assert.Equal(model.Linears.Select(linear => linear.Name), CheckpointConfig.LinearShapes(Fixture.PathOf($"models/{name}")).Keys);

        IEnumerable<long> Stored(string parameter, long[] shape) =>
            model.Linears.FirstOrDefault(linear => linear.Name == parameter)?.Layout.ShapeOf(shape[0], shape[1]) ?? shape;
    }
}
