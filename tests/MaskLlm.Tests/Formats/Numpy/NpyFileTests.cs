using System.Text;
using MaskLlm.Formats.Numpy;

namespace MaskLlm.Tests.Formats.Numpy;

public sealed class NpyFileTests
{
    [Fact]
    public void Write_ArraysOfThreeTypes_AreReadBack()
    {
        using var folder = new TemporaryFolder();
        Check<byte>(folder, stream => NpyWriter.Write(stream, new byte[] { 1, 2, 3 }, 3), NpyType.UInt8, [3], [1, 2, 3]);
        Check<int>(folder, stream => NpyWriter.Write(stream, [1, -2, 3, 4], 2, 2), NpyType.Int32, [2, 2], [1, -2, 3, 4]);
        Check<float>(folder, stream => NpyWriter.Write(stream, [1.5f]), NpyType.Float32, [], [1.5f]);
        Check<int>(folder, stream => NpyWriter.Write(stream, ReadOnlySpan<int>.Empty, 0, 5), NpyType.Int32, [0, 5], []);
    }

    [Fact]
    public void Write_ShapeOfOtherSize_IsRefused()
    {
        using var stream = new MemoryStream();
        Assert.Throws<ArgumentException>(() => NpyWriter.Write(stream, new byte[3], 4));
        Assert.Throws<ArgumentException>(() => NpyWriter.Write(stream, new byte[3], -1, -3));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Open_EachVersion_ReadsElementsAnywhere(byte version)
    {
        using var folder = new TemporaryFolder();
        using var file = NpyFile.Open(folder.Write("a.npy", Array("<u2", "(3,)", [1, 0, 2, 0, 255, 255], version)));
        Assert.Equal((NpyType.UInt16, 3L), (file.Type, file.Count));
        Assert.Equal([2, 65535], file.Elements<ushort>(1, 2).ToArray());
        Assert.Equal([255, 255], file.Bytes(2, 1).ToArray());
        Assert.Throws<ArgumentOutOfRangeException>(() => file.Elements<ushort>(2, 2).Length);
        Assert.Throws<ArgumentException>(() => file.Elements<short>(0, 1).Length);
    }

    [Theory]
    [InlineData("|b1", 1, NpyType.Bool)]
    [InlineData("|i1", 1, NpyType.Int8)]
    [InlineData("<i2", 2, NpyType.Int16)]
    [InlineData("<u4", 4, NpyType.UInt32)]
    [InlineData("<u8", 8, NpyType.UInt64)]
    [InlineData("<i8", 8, NpyType.Int64)]
    [InlineData("<f2", 2, NpyType.Float16)]
    [InlineData("<f8", 8, NpyType.Float64)]
    public void Open_OtherTypes_AreKnown(string spelling, int width, NpyType expected)
    {
        using var folder = new TemporaryFolder();
        using var file = NpyFile.Open(folder.Write("a.npy", Array(spelling, "(2, 1)", new byte[2 * width])));
        Assert.Equal(expected, file.Type);
        Assert.Equal(2 * width, file.Bytes(0, 2).Length);
    }

    [Theory]
    [InlineData(">i4", "False", "'>i4'")]
    [InlineData("<c8", "False", "'<c8'")]
    [InlineData("|O", "False", "'|O'")]
    [InlineData("<i4", "True", "Fortran order")]
    public void Open_KindWeDoNotRead_SaysSo(string spelling, string fortran, string expected)
    {
        using var folder = new TemporaryFolder();
        string path = folder.Write("a.npy", Array(spelling, "(1,)", new byte[4], 1, fortran));
        Assert.Contains(expected, Assert.Throws<NotSupportedException>(() => NpyFile.Open(path)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("(2,)")]
    [InlineData("(4294967296, 4294967296)")]
    [InlineData("(0, 99999999999999999999)")]
    public void Open_ShapeThatDoesNotFit_IsInvalidData(string shape)
    {
        using var folder = new TemporaryFolder();
        string path = folder.Write("a.npy", Array("<i4", shape, new byte[4]));
        Assert.Throws<InvalidDataException>(() => NpyFile.Open(path));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Open_CutOffAnywhere_IsInvalidData(byte version)
    {
        using var folder = new TemporaryFolder();
        byte[] bytes = Array("<i4", "(2,)", [1, 0, 0, 0, 2, 0, 0, 0], version);
        for (int length = 0; length < bytes.Length; length++)
        {
            string path = folder.Write("a.npy", bytes[..length]);
            Assert.Throws<InvalidDataException>(() => NpyFile.Open(path));
        }
    }

    [Fact]
    public void Open_TokensOfNumpy_ReadsThem()
    {
        string? path = Fixture.Shared("fixtures/trained/small/calibration.npy");
        if (path is null) Assert.Skip("shared/ is not on this machine");
        using var file = NpyFile.Open(path);
        Assert.Equal([64, 256], file.Shape);
        Assert.All(file.Elements<int>(0, (int)file.Count).ToArray(), token => Assert.InRange(token, 0, 4095));
    }

    private static void Check<T>(TemporaryFolder folder, Action<Stream> write, NpyType type, long[] shape, T[] values)
        where T : unmanaged
    {
        string path = folder.File("a.npy");
        using (FileStream stream = File.Create(path)) write(stream);
        using var file = NpyFile.Open(path);
        Assert.Equal(type, file.Type);
        Assert.Equal(shape, file.Shape);
        Assert.Equal(values, file.Elements<T>(0, (int)file.Count).ToArray());
    }

    private static byte[] Array(string spelling, string shape, byte[] data, byte version = 1, string fortran = "False")
    {
        byte[] text = Encoding.ASCII.GetBytes($"{{'descr': '{spelling}', 'fortran_order': {fortran}, 'shape': {shape}, }}\n");
        byte[] length = version == 1 ? BitConverter.GetBytes((ushort)text.Length) : BitConverter.GetBytes(text.Length);
        return [0x93, .. "NUMPY"u8, version, 0, .. length, .. text, .. data];
    }
}
