using MaskLlm.Data;

namespace MaskLlm.Tests.Data;

public sealed class DataSourceTests : IDisposable
{
    private readonly DataFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("a.jsonl", "a.jsonl", null)]
    [InlineData("a.jsonl:0.7", "a.jsonl", 0.7)]
    [InlineData("b/:3", "b/", 3.0)]
    [InlineData("data/*.txt:1e-1", "data/*.txt", 0.1)]
    [InlineData("a:b:2", "a:b", 2.0)]
    [InlineData(@"C:\texts", @"C:\texts", null)]
    public void Parse_PathAndWeight_SplitsAtTheLastColon(string argument, string path, double? weight) =>
        Assert.Equal(new DataSource(path, weight), DataSource.Parse(argument));

    [Fact]
    public void Parse_PathThatExistsAsWritten_IsNotSplit()
    {
        string path = _folder.Write("odd:0.5", "text");
        Assert.Equal(new DataSource(path), DataSource.Parse(path));
    }

    [Theory]
    [InlineData("a:0")]
    [InlineData("a:-1")]
    [InlineData("a:NaN")]
    [InlineData("a:Infinity")]
    [InlineData("a:1e999")]
    [InlineData(":0.5")]
    [InlineData("")]
    [InlineData(" ")]
    public void Parse_BadWeightOrNoPath_Throws(string argument) =>
        Assert.ThrowsAny<ArgumentException>(() => DataSource.Parse(argument));

    [Fact]
    public void Parse_WordAfterAnExistingPath_SaysThatItIsNoNumber()
    {
        string path = _folder.Write("a.txt", "text");
        ArgumentException error = Assert.Throws<ArgumentException>(() => DataSource.Parse(path + ":half"));
        Assert.Contains("'half' is no number", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Open_SomeWithWeightsSomeWithout_NamesBoth()
    {
        string a = _folder.Write("a.txt", "aaaa"), b = _folder.Write("b.txt", "bbbb");
        ArgumentException error = Assert.Throws<ArgumentException>(() => _folder.Open(a + ":0.5", b));
        Assert.Contains(a, error.Message, StringComparison.Ordinal);
        Assert.Contains(b, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(@"\n\n\n", "\n\n\n")]
    [InlineData(@"<end>\t\r\0\\n", "<end>\t\r\0\\n")]
    [InlineData(@"\u00e9x\u000A", "\u00e9x\n")]
    public void SeparatorParse_Escapes_AreDecoded(string argument, string separator) =>
        Assert.Equal(separator, DocumentSeparator.Parse(argument));

    [Theory]
    [InlineData("")]
    [InlineData(@"\x")]
    [InlineData(@"\n\")]
    [InlineData(@"\u00e")]
    [InlineData(@"\u00zz")]
    public void SeparatorParse_UnknownOrUnfinished_Throws(string argument) =>
        Assert.ThrowsAny<ArgumentException>(() => DocumentSeparator.Parse(argument));
}
