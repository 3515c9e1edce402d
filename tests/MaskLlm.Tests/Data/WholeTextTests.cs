using System.Text;
using MaskLlm.Data;

namespace MaskLlm.Tests.Data;

public sealed class WholeTextTests : IDisposable
{
    private const string Text = "one\r\ntwo\n\u00e9\u4e2d\U0001F600\0 end";
    private readonly DataFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("t.txt")]
    [InlineData("t.txt.gz")]
    [InlineData("t.txt.zst")]
    [InlineData("name-without-an-ending")]
    public void Read_TextOrCompressedText_GivesEveryCharacterAsItIs(string name) =>
        Assert.Equal(Text, WholeText.Read(_folder.Write(name, Text), TestContext.Current.CancellationToken));

    [Fact]
    public void Read_TextLongerThanTheBuffers_IsWhole()
    {
        string text = string.Concat(Enumerable.Repeat(Text, 20_000));
        Assert.Equal(text, WholeText.Read(_folder.Write("t.txt.gz", text), TestContext.Current.CancellationToken));
    }

    [Fact]
    public void Read_NoUtf8_NamesFileAndByte()
    {
        string path = _folder.Write("t.txt", [.. Encoding.UTF8.GetBytes("ab"), 0xFF]);
        string message = Assert.Throws<InvalidDataException>(() => WholeText.Read(path, TestContext.Current.CancellationToken)).Message;
        Assert.Contains($"{path}: no UTF-8 at byte 2", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("t.txt")]
    [InlineData("t.txt.gz")]
    public void Read_Empty_IsRefused(string name) =>
        Assert.Contains("empty",
            Assert.Throws<InvalidDataException>(() =>
            WholeText.Read(_folder.Write(name, ""), TestContext.Current.CancellationToken)).Message, StringComparison.Ordinal);

    [Fact]
    public void Read_GzipCutShort_IsRefused()
    {
        string path = _folder.Write("t.txt.gz", string.Concat(Enumerable.Range(0, 5000)));
        File.WriteAllBytes(path, File.ReadAllBytes(path)[..^9]);
        Assert.Throws<InvalidDataException>(() => WholeText.Read(path, TestContext.Current.CancellationToken));
    }

    [Fact]
    public void Read_NoSuchFileOrAFolder_SaysWhich()
    {
        Assert.Contains("no such " +
            "file", Assert.Throws<FileNotFoundException>(() =>
            WholeText.Read(Path.Combine(_folder.Root, "none.txt"), TestContext.Current.CancellationToken)).Message,
            StringComparison.Ordinal);
        Assert.Contains("a " +
            "folder", Assert.Throws<ArgumentException>(() =>
            WholeText.Read(_folder.Root, TestContext.Current.CancellationToken)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("t.jsonl")]
    [InlineData("t.jsonl.gz")]
    [InlineData("t.npy")]
    public void Read_OtherContent_IsNotTakenForText(string name) =>
        Assert.Throws<NotSupportedException>(() => WholeText.Read(_folder.Write(name, "{}"), TestContext.Current.CancellationToken));
}
