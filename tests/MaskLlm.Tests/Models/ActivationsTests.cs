using MaskLlm.Architectures;
using MaskLlm.Decoding;
using MaskLlm.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace MaskLlm.Tests.Models;

/// <summary>The functions between the matrices of an MLP, in libtorch and in the runtime, by their formulas.</summary>
[Collection(TorchTests.Name)]
public class ActivationsTests
{
    [Theory]
    [InlineData(Activation.Silu, -0.2384058, 0.7310586, 2.8577224)]
    [InlineData(Activation.Gelu, -0.0455003, 0.8413447, 2.9959503)]
    [InlineData(Activation.GeluTanh, -0.0454023, 0.8411920, 2.9963626)]
    [InlineData(Activation.QuickGelu, -0.0643414, 0.8457958, 2.9819287)]
    [InlineData(Activation.Relu, 0, 1, 3)]
    [InlineData(Activation.ReluSquared, 0, 1, 9)]
    [InlineData(Activation.Tanh, -0.9640276, 0.7615942, 0.9950548)]
    public void Call_OfMinusTwoOneAndThree_IsTheFormula(Activation kind, double ofMinusTwo, double ofOne, double ofThree)
    {
        using DisposeScope scope = NewDisposeScope();
        float[] x = [-2, 1, 3];
        float[] found = Activations.Call(kind, tensor(x)).data<float>().ToArray();
        RuntimeActivation.Apply(kind, x);
        double[] expected = [ofMinusTwo, ofOne, ofThree];
        for (int i = 0; i < expected.Length; i++)
        {
            Assert.Equal(expected[i], found[i], 1e-6);
            Assert.Equal(expected[i], x[i], 1e-6);
        }
    }
}
