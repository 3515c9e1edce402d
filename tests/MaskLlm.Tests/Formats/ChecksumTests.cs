using System.Text;
using MaskLlm.Formats;

namespace MaskLlm.Tests.Formats;

public sealed class ChecksumTests
{
    [Theory]
    [InlineData("", "2d06800538d394c2")]
    [InlineData("a", "e6c632b61e964e1f")]
    [InlineData("abc", "78af5f94892f3950")]
    public void Of_Bytes_IsXxh3(string text, string digits) => Assert.Equal(digits, Checksum.Of(Encoding.ASCII.GetBytes(text)));

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(1 << 20)]
    [InlineData((1 << 20) + 1)]
    [InlineData((2 << 20) + 12345)]
    public void OfFile_AnyLength_IsThatOfItsBytes(int length)
    {
        using TemporaryFolder folder = new();
        byte[] bytes = new byte[length];
        new Random(length).NextBytes(bytes);
        string expected = Checksum.Of(bytes);
        File.WriteAllBytes(folder.File("x"), bytes);
        Assert.Equal(expected, Checksum.OfFile(folder.File("x")));
        using MemoryStream written = new();
        ChecksumStream stream = new(written);
        stream.Write(bytes.AsSpan(0, length / 3));
        stream.Write(bytes.AsSpan(length / 3));
        Assert.Equal(expected, stream.Digits);
        Assert.Equal(bytes, written.ToArray());
    }
}
