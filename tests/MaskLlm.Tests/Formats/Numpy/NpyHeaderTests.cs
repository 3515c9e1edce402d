using System.Text;
using MaskLlm.Formats.Numpy;

namespace MaskLlm.Tests.Formats.Numpy;

public sealed class NpyHeaderTests
{
    private const string Name = "folder/a.npy";

    [Fact]
    public void Format_AnyShape_IsReadBack()
    {
        CheckReadBack(NpyType.UInt8, [3]);
        CheckReadBack(NpyType.Int32, [2, 2]);
        CheckReadBack(NpyType.Float32, []);
        CheckReadBack(NpyType.Int32, [0, 5]);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Read_EachVersion_StopsAtTheFirstElement(byte version)
    {
        byte[] bytes = Array("<u2", "(3,)", [1, 0, 2, 0, 255, 254], version);
        using MemoryStream stream = new(bytes);
        NpyHeader header = NpyHeader.Read(Name, stream.Read);
        Assert.Equal((NpyType.UInt16, stream.Position), (header.Type, header.DataOffset));
        Assert.Equal([3], header.Shape);
        Assert.Equal([1, 0, 2, 0, 255, 254], bytes[header.DataOffset..]);
    }

    [Theory]
    [InlineData("|b1", 1, nameof(NpyType.Bool))]
    [InlineData("|u1", 1, nameof(NpyType.UInt8))]
    [InlineData("<u1", 1, nameof(NpyType.UInt8))]
    [InlineData("|i1", 1, nameof(NpyType.Int8))]
    [InlineData("<u2", 2, nameof(NpyType.UInt16))]
    [InlineData("<i2", 2, nameof(NpyType.Int16))]
    [InlineData("<u4", 4, nameof(NpyType.UInt32))]
    [InlineData("<i4", 4, nameof(NpyType.Int32))]
    [InlineData("<u8", 8, nameof(NpyType.UInt64))]
    [InlineData("<i8", 8, nameof(NpyType.Int64))]
    [InlineData("<f2", 2, nameof(NpyType.Float16))]
    [InlineData("<f4", 4, nameof(NpyType.Float32))]
    [InlineData("<f8", 8, nameof(NpyType.Float64))]
    public void Read_EachType_IsKnownWithItsWidth(string spelling, int width, string expected)
    {
        NpyHeader header = Read(Array(spelling, "(2, 1)", new byte[2 * width]));
        Assert.Equal((expected, width), (header.Type.ToString(), header.Type.ByteWidth()));
        Assert.Equal([2, 1], header.Shape);
    }

    [Theory]
    [InlineData(">i4", "False", "'>i4'")]
    [InlineData("|i4", "False", "'|i4'")]
    [InlineData("<c8", "False", "'<c8'")]
    [InlineData("|O", "False", "'|O'")]
    [InlineData("", "False", "''")]
    [InlineData("<i4", "True", "Fortran order")]
    public void Read_KindWeDoNotRead_SaysSo(string spelling, string fortran, string expected) =>
        CheckRefused(expected, Array(spelling, "(1,)", new byte[4], 1, fortran));

    [Theory]
    [InlineData(0)]
    [InlineData(4)]
    public void Read_UnknownVersion_SaysSo(byte version) =>
        CheckRefused($"version {version} and 1 to 3", Array("<i4", "(1,)", new byte[4], version));

    [Theory]
    [InlineData("{'shape': (2,), 'fortran_order': False, 'descr': '<i4'}")]
    [InlineData("{ 'fortran_order':False,\n'descr':'<i4','shape':( 2 ),\t}  \n")]
    public void Read_KeysInAnotherOrder_AreTheSame(string text)
    {
        NpyHeader header = Read(WithText(text, new byte[8]));
        Assert.Equal(NpyType.Int32, header.Type);
        Assert.Equal([2], header.Shape);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{}")]
    [InlineData("{'descr': '<i4', 'shape': (2,)}")]
    [InlineData("{'descr': '<i4', 'fortran_order': False 'shape': (2,)}")]
    [InlineData("{'descr': '<i4', 'descr': '<i4', 'shape': (2,)}")]
    [InlineData("{'descr': '<i4', 'fortran_order': False, 'shape': (2,), 'shape': (1,)}")]
    [InlineData("{'descr': '<i4', 'fortran_order': False, 'shape': (2,), 'more': 1}")]
    [InlineData("{'descr': [('a', '<i4')], 'fortran_order': False, 'shape': (2,)}")]
    [InlineData("{'descr': '<i4', 'fortran_order': 0, 'shape': (2,)}")]
    [InlineData("{'descr': '<i4', 'fortran_order': False, 'shape': (2,)} {}")]
    public void Read_HeaderOfAnotherKind_SaysSo(string text) => CheckRefused("not that of a plain array", WithText(text, new byte[8]));

    [Theory]
    [InlineData("(2,)", "(2)")]
    [InlineData("()", "()")]
    [InlineData("(4294967296, 4294967296)", "(4294967296, 4294967296)")]
    [InlineData("(0, 99999999999999999999)", "'99999999999999999999'")]
    [InlineData("(-1,)", "'-1'")]
    [InlineData("(one,)", "'one'")]
    [InlineData("(1.0,)", "'1.0'")]
    public void CheckLength_ShapeThatDoesNotFit_IsInvalidData(string shape, string expected)
    {
        string message = Assert.Throws<InvalidDataException>(() => Read(Array("<i4", shape, new byte[6]))).Message;
        Assert.StartsWith(Name, message, StringComparison.Ordinal);
        Assert.Contains(expected, message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Read_CutOffAnywhere_IsInvalidData(byte version)
    {
        byte[] bytes = Array("<i4", "(2,)", [1, 0, 0, 0, 2, 0, 0, 0], version);
        for (int length = 0; length < bytes.Length; length++)
            Assert.StartsWith(Name, Assert.Throws<InvalidDataException>(() => Read(bytes[..length])).Message, StringComparison.Ordinal);
        Assert.Throws<InvalidDataException>(() => Read([.. bytes, 0]));
    }

    [Fact]
    public void Read_HeaderThatClaimsTheMost_IsNotBelieved()
    {
        byte[] bytes = Array("<i4", "(2,)", new byte[8], 2);
        bytes.AsSpan(8, 4).Fill(0xFF);
        string message = Assert.Throws<InvalidDataException>(() => Read(bytes)).Message;
        Assert.Contains($"claims {uint.MaxValue} bytes and at most {NpyHeader.LargestBytes - 12} are read", message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Read_OtherFile_SaysWhatIsMissing() =>
        Assert.Contains("\\x93NUMPY", Assert.Throws<InvalidDataException>(() => Read("PK some other file"u8.ToArray())).Message,
            StringComparison.Ordinal);

    private static void CheckReadBack(NpyType type, long[] shape)
    {
        byte[] start = NpyHeader.Format(type, shape);
        long elements = shape.Aggregate(1L, (product, dimension) => product * dimension);
        NpyHeader header = Read([.. start, .. new byte[elements * type.ByteWidth()]]);
        Assert.Equal((type, start.Length), (header.Type, header.DataOffset));
        Assert.Equal(shape, header.Shape);
        Assert.Equal(0, start.Length % 64);
    }

    private static void CheckRefused(string expected, byte[] bytes)
    {
        string message = Assert.Throws<NotSupportedException>(() => Read(bytes)).Message;
        Assert.StartsWith(Name, message, StringComparison.Ordinal);
        Assert.Contains(expected, message, StringComparison.Ordinal);
    }

    private static NpyHeader Read(byte[] bytes)
    {
        using MemoryStream stream = new(bytes);
        NpyHeader header = NpyHeader.Read(Name, stream.Read);
        header.CheckLength(Name, bytes.Length - header.DataOffset);
        return header;
    }

    private static byte[] Array(string spelling, string shape, byte[] data, byte version = 1, string fortran = "False") =>
        WithText($"{{'descr': '{spelling}', 'fortran_order': {fortran}, 'shape': {shape}, }}\n", data, version);

    private static byte[] WithText(string text, byte[] data, byte version = 1)
    {
        byte[] length = version == 1 ? BitConverter.GetBytes((ushort)text.Length) : BitConverter.GetBytes(text.Length);
        return [0x93, .. "NUMPY"u8, version, 0, .. length, .. Encoding.ASCII.GetBytes(text), .. data];
    }
}
