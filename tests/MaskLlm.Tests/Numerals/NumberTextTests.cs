using System.Globalization;
using MaskLlm.Data;
using MaskLlm.Learning;
using MaskLlm.Numerals;
using MaskLlm.Patterns;

namespace MaskLlm.Tests.Numerals;

/// <summary>One reading of numbers, whatever the country.</summary>
public sealed class NumberTextTests : IDisposable
{
    private readonly CultureInfo _before = CultureInfo.CurrentCulture;

    public NumberTextTests()
    {
        CultureInfo comma = (CultureInfo)CultureInfo.InvariantCulture.Clone();
        (comma.NumberFormat.NumberDecimalSeparator, comma.NumberFormat.NumberGroupSeparator, comma.NumberFormat.NegativeSign) = (",", ".",
            "~");
        CultureInfo.CurrentCulture = comma;
    }

    [Theory]
    [InlineData("0.0007", 0.0007)]
    [InlineData("7e-4", 7e-4)]
    [InlineData("-1.5E+2", -150)]
    [InlineData("+3", 3)]
    [InlineData(".5", 0.5)]
    [InlineData("5.", 5)]
    public void TryRead_Number_IsReadWithAPoint(string text, double expected)
    {
        Assert.True(NumberText.TryRead(text, out double number));
        Assert.Equal(expected, number);
    }

    [Theory]
    [InlineData("0,0007")]
    [InlineData("1,000")]
    [InlineData("1_000")]
    [InlineData("1'000")]
    [InlineData("1 000")]
    [InlineData(" 1")]
    [InlineData("1 ")]
    [InlineData("1\n")]
    [InlineData("1\0")]
    [InlineData("")]
    [InlineData("(1)")]
    [InlineData("$1")]
    [InlineData("1%")]
    [InlineData("0x1")]
    [InlineData("\u0663")]
    [InlineData("\uFF11")]
    [InlineData("\u22121")]
    [InlineData("~1")]
    [InlineData("1-")]
    [InlineData("NaN")]
    [InlineData("Infinity")]
    [InlineData("-\u221E")]
    [InlineData("1e999")]
    [InlineData("1e")]
    [InlineData("1.2.3")]
    [InlineData("one")]
    public void TryRead_AnythingElse_IsNoNumber(string text)
    {
        Assert.False(NumberText.TryRead(text, out double _));
        Assert.False(NumberText.TryRead(text, out float _));
        Assert.False(NumberText.TryRead(text, out int _));
        Assert.False(NumberText.TryDigits(text, out long _));
        Assert.Throws<ArgumentException>(() => NmPattern.Parse($"{text}:4"));
        Assert.Throws<ArgumentException>(() => NmPattern.Parse($"2:{text}"));
        Assert.Throws<ArgumentException>(() => ScheduleRange.Parse($"{text}:4"));
        Assert.Throws<ArgumentException>(() => ScheduleRange.Parse($"4:{text}"));
    }

    [Theory]
    [InlineData("1.5")]
    [InlineData("1e3")]
    [InlineData("2147483648")]
    public void TryRead_NoInt_IsNone(string text) => Assert.False(NumberText.TryRead(text, out int _));

    [Theory]
    [InlineData("0,7")]
    [InlineData(" 0.7")]
    [InlineData("1e999")]
    [InlineData("NaN")]
    public void DataSource_WeightThatIsNoNumber_IsRefused(string weight)
    {
        using TemporaryFolder folder = new();
        string path = folder.Write("a.txt", "text"u8.ToArray());
        Assert.Contains(weight, Assert.Throws<ArgumentException>(() => DataSource.Parse($"{path}:{weight}")).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void NumberRange_Sentences_HaveAPoint()
    {
        Assert.Equal("`Noise` is 100.5; 0, or 0.000001 to 100, is needed.",
            Assert.Throws<ArgumentException>(() => OptionRanges.Noise.Require(100.5)).Message);
        Assert.Equal("`AverageDecay` is 1; at least 0 and below 1 is needed.",
            Assert.Throws<ArgumentException>(() => OptionRanges.AverageDecay.Require(1)).Message);
        Assert.Equal("`Epsilon` is NaN; a positive number is needed.",
            Assert.Throws<ArgumentException>(() => OptionRanges.Epsilon.Require(double.NaN)).Message);
        Assert.Equal("`TopP` is 0; above 0 and at most 1 is needed.",
            Assert.Throws<ArgumentException>(() => OptionRanges.TopP.Require(0)).Message);
    }

    [Theory]
    [InlineData(1e-6, "0.000001")]
    [InlineData(0.0007, "0.0007")]
    [InlineData(-2.5e-7, "-0.00000025")]
    [InlineData(1e-30, "1E-30")]
    [InlineData(3.4028234663852886e38, "3.4028234663852886E+38")]
    [InlineData(12345678, "12345678")]
    [InlineData(double.NaN, "NaN")]
    [InlineData(double.NegativeInfinity, "-Infinity")]
    public void Shown_NumberOfFewDigits_HasNoExponent(double number, string text) => Assert.Equal(text, NumberText.Shown(number));

    public void Dispose() => CultureInfo.CurrentCulture = _before;
}
