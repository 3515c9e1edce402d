using CsCheck;
using MaskLlm.MaskKernels;

namespace MaskLlm.Tests.MaskKernels;

public class ScalarMathTests
{
    [Fact]
    public void Log_AnyPositiveNormalNumber_IsWithinThreeUlpOrTiny() =>
        Gen.Float[1.2e-38f, 1e30f]
            .Sample(x => Assert.InRange(Math.Abs(ScalarMath.Log(x) - Math.Log(x)), 0, 4e-7 * Math.Max(Math.Abs(Math.Log(x)), 1e-3)),
            iter: 100_000);

    // -log u for u next to 1 is the small number whose logarithm the noise is: it must be right in relative terms.
    [Fact]
    public void Log_NextToOne_KeepsItsRelativeAccuracy() =>
        Gen.Float[0.75f, 1.4f]
            .Sample(x => Assert.InRange(Math.Abs(ScalarMath.Log(x) - Math.Log(x)), 0, 4e-7 * Math.Abs(Math.Log(x))), iter: 100_000);

    [Fact]
    public void Exp_AnyExponent_IsRelativelyRightAndExactlyZeroFarBelow() => Gen.Float[-100f, 0f].Sample(
        z =>
        {
            if (z < MaskConstants.SmallestExponent) Assert.Equal(0f, ScalarMath.Exp(z));
            else Assert.InRange(Math.Abs(ScalarMath.Exp(z) / Math.Exp(z) - 1), 0, 2e-6);
        },
        iter: 100_000);

    [Fact]
    public void Exp_Zero_IsExactlyOne() => Assert.Equal(1f, ScalarMath.Exp(0));

    [Fact]
    public void Gumbel_AnyWord_IsFiniteAndEqualsItsDefinition() => Gen.UInt.Sample(
        word =>
        {
            double u = ((word >> 9) + 0.5) / (1 << 23);
            double expected = -Math.Log(-Math.Log(u));
            Assert.InRange(Math.Abs(ScalarMath.Gumbel(word) - expected), 0, 1e-6 * Math.Max(1, Math.Abs(expected)));
        },
        iter: 100_000);

    [Theory]
    [InlineData(0u)]
    [InlineData(uint.MaxValue)]
    public void Gumbel_ExtremeWord_IsFinite(uint word) => Assert.True(float.IsFinite(ScalarMath.Gumbel(word)));
}
