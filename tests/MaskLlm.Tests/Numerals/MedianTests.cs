using MaskLlm.Numerals;

namespace MaskLlm.Tests.Numerals;

public sealed class MedianTests
{
    [Theory]
    [InlineData(7.0, 7.0)]
    [InlineData(2.0, 3.0, 1.0)]
    [InlineData(2.0, 1.0, 3.0)]
    [InlineData(2.0, 9.0, 2.0, 1.0)]
    [InlineData(2.5, 4.0, 1.0, 3.0, 2.0)]
    [InlineData(6.0, 100.0, 5.0, 7.0, -3.0)]
    public void Of_AnyOrder_IsTheMiddleOrTheMeanOfTheMiddleTwo(double expected, params double[] values) =>
        Assert.Equal(expected, Median.Of(values));
}
