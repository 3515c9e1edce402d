using MaskLlm.Formats;
using MaskLlm.Formats.Gguf;
using MaskLlm.Formats.Safetensors;

namespace MaskLlm.Tests.Formats;

/// <summary>The tables of types, held against what the two formats say.</summary>
public sealed class TypeTablesTests
{
    [Fact]
    public void TensorTypes_All_HaveTheSpellingAndWidthOfTheFormat()
    {
        Assert.Equal(
            "Bool BOOL 1, UInt8 U8 1, Int8 I8 1, Float8E4M3 F8_E4M3 1, Float8E5M2 F8_E5M2 1, Float8E8M0 F8_E8M0 1, Int16 I16 2, UInt16 "
                + "U16 2, " +
            "Float16 F16 2, BFloat16 BF16 2, Int32 I32 4, UInt32 U32 4, Float32 F32 4, Int64 I64 8, UInt64 U64 8, Float64 F64 8, "
            + "Complex64 C64 8",
            string.Join(", ", Enum.GetValues<TensorType>().Select(type => $"{type} {type.Spelling()} {type.ByteWidth()}")));
        foreach (TensorType type in Enum.GetValues<TensorType>())
            Assert.True(TensorTypes.TryParse(type.Spelling(), out TensorType read) && read == type);
        Assert.False(TensorTypes.TryParse("F4", out TensorType none));
        Assert.Equal(TensorType.Bool, none);
    }

    /// <summary>Blocks, general.file_type and the largest value whose scale a half holds: 65504 times the levels.</summary>
    [Fact]
    public void GgufTypes_All_AreThoseOfGgml()
    {
        Assert.Equal(
            "f32 1 4 0 3.4028235E+38, f16 1 2 1 65504, q4_0 32 18 2 524032, q8_0 32 34 7 8319008, bf16 1 2 32 3.3895314E+38",
            string.Join(", ", Enum.GetValues<GgufType>().Select(type => FormattableString.Invariant(
                $"{type.Spelling()} {type.BlockValues()} {type.ByteLength(type.BlockValues())} {type.FileType()} {type.Largest()}"))));
        Assert.Equal([0, 1, 2, 8, 30], Enum.GetValues<GgufType>().Select(type => (int)type));
        Assert.Equal(3 * 34, GgufType.Q8.ByteLength(96));
        Assert.Equal("f32, bf16, f16, q8_0, q4_0", GgufTypes.Known);
        foreach (GgufType type in Enum.GetValues<GgufType>())
            Assert.True(GgufTypes.TryParse(type.Spelling(), out GgufType read) && read == type);
        Assert.False(GgufTypes.TryParse("q4_1", out GgufType none));
        Assert.Equal(GgufType.Float32, none);
        Assert.Contains("f32, bf16, f16, q8_0, q4_0", Assert.Throws<ArgumentException>(() => ((GgufType)3).Spelling()).Message,
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(4, new long[] { }, "4")]
    [InlineData(4, new long[] { 3, 5 }, "60")]
    [InlineData(1, new long[] { long.MaxValue }, "9223372036854775807")]
    [InlineData(2, new long[] { 1L << 62 }, "18446744073709551616")]
    [InlineData(1, new long[] { 1L << 40, 1L << 40, 0 }, "0")]
    [InlineData(1, new long[] { long.MaxValue, long.MaxValue, long.MaxValue }, "18446744073709551616")]
    public void ArraySize_AnyShape_IsItsBytesOrMoreThanAnyFileHas(int width, long[] shape, string expected) =>
        Assert.Equal(expected, ArraySize.Bytes(width, shape).ToString(System.Globalization.CultureInfo.InvariantCulture));
}
