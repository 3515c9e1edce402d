using MaskLlm.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace MaskLlm.Tests.Models;

/// <summary>Hidden states in float32 through a model in bfloat16, as calibration has them: layer norms and biases of every kind.</summary>
[Collection(TorchTests.Name)]
public sealed class MixedPrecisionTests
{
    [Theory]
    [InlineData("gpt2")]
    [InlineData("gpt-neox-parallel")]
    [InlineData("nemotron")]
    [InlineData("qwen2")]
    [InlineData("llama-bias")]
    [InlineData("gemma3")]
    public void RunBlock_Float32ThroughBFloat16_IsThatOfTheRoundedParameters(string name)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGradient = no_grad();
        using Decoder exact = Checkpoint.Load(ModelMasks.Folder(name));
        using Decoder rounded = Checkpoint.Load(ModelMasks.Folder(name), compute: ScalarType.BFloat16);
        Tensor x = randn([1, 6, exact.Config.HiddenSize], generator: new Generator(1, CPU));
        Tensor output = rounded.RunBlock(0, x);
        Assert.Equal(ScalarType.Float32, output.dtype);
        // Norms and biases have 8 bits; the matrices are float32 in both.
        double scale = exact.RunBlock(0, x).abs().max().item<float>();
        Assert.InRange(TensorFile.MaxDifference(output, exact.RunBlock(0, x)) / scale, 0, 0.01);
    }
}
