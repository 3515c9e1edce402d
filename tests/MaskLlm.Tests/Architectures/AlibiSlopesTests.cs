using MaskLlm.Architectures;

namespace MaskLlm.Tests.Architectures;

/// <summary>The slopes of the paper, and of its code for numbers of heads that are no powers of two.</summary>
public sealed class AlibiSlopesTests
{
    [Theory]
    [InlineData(1, new float[] { 1f / 256 })]
    [InlineData(4, new float[] { 1f / 4, 1f / 16, 1f / 64, 1f / 256 })]
    [InlineData(6, new float[] { 1f / 4, 1f / 16, 1f / 64, 1f / 256, 1f / 2, 1f / 8 })]
    [InlineData(8, new float[] { 1f / 2, 1f / 4, 1f / 8, 1f / 16, 1f / 32, 1f / 64, 1f / 128, 1f / 256 })]
    public void Of_Heads_AreThePapers(int heads, float[] expected) => Assert.Equal(expected, AlibiSlopes.Of(heads));
}
