using MaskLlm.Architectures;
using MaskLlm.Decoding;

namespace MaskLlm.Tests.Decoding;

/// <summary>The functions of an MLP against tables of the normal distribution and of exp and tanh.</summary>
public sealed class RuntimeActivationTests
{
    // x times the share of the normal distribution below x, on both sides of 2.5 and 6 standard deviations over sqrt 2.
    [Theory]
    [InlineData(Activation.Gelu, 0, 0)]
    [InlineData(Activation.Gelu, 1, 0.8413447460685429)]
    [InlineData(Activation.Gelu, -1, -0.15865525393145705)]
    [InlineData(Activation.Gelu, 3, 3 * 0.9986501019683699)]
    [InlineData(Activation.Gelu, -3, -3 * 0.0013498980316301)]
    [InlineData(Activation.Gelu, -4, -4 * 3.1671241833119924e-5)]
    [InlineData(Activation.Gelu, 4, 4 * 0.9999683287581669)]
    [InlineData(Activation.Gelu, -5, -5 * 2.866515718791939e-7)]
    [InlineData(Activation.Gelu, 9, 9)]
    [InlineData(Activation.Gelu, -9, 0)]
    // x / 2 (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3)))
    [InlineData(Activation.GeluTanh, 1, 0.8411919906082768)]
    [InlineData(Activation.GeluTanh, -2, -0.0454023059231447)]
    [InlineData(Activation.Silu, 1, 0.7310585786300049)]
    [InlineData(Activation.Silu, -2, -0.2384058440442351)]
    [InlineData(Activation.ReluSquared, 3, 9)]
    [InlineData(Activation.ReluSquared, -3, 0)]
    public void Apply_Function_IsItsTable(Activation kind, float x, double expected)
    {
        float[] values = [x, x];
        RuntimeActivation.Apply(kind, values);
        Assert.All(values, value => Assert.Equal(expected, value, Math.Max(1e-9, 4e-6 * Math.Abs(expected))));
    }

    [Fact]
    public void GateBySilu_GateAndUp_AreMultiplied()
    {
        float[] gate = [1, -2], up = [3, 10];
        RuntimeActivation.GateBySilu(gate, up);
        Assert.Equal(3 * 0.7310585786300049, up[0], 1e-5);
        Assert.Equal(10 * -0.2384058440442351, up[1], 1e-5);
    }

    [Fact]
    public void Cap_Values_BendTowardsIt()
    {
        float[] values = [30, -30, 1e6f];
        RuntimeActivation.Cap(values, null);
        Assert.Equal([30, -30, 1e6f], values);
        RuntimeActivation.Cap(values, 50);
        Assert.Equal(50 * 0.5370495669980353, values[0], 1e-4);
        Assert.Equal(-50 * 0.5370495669980353, values[1], 1e-4);
        Assert.Equal(50, values[2], 1e-4);
    }
}
