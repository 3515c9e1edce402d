using System.Text;
using MaskLlm.Json;

namespace MaskLlm.Tests.Json;

public sealed class JsonValueTests
{
    private const string Name = "some.json";

    [Theory]
    [InlineData("", "it is empty")]
    [InlineData(" \n", "it is empty")]
    [InlineData("{\"a\":", "line 1")]
    [InlineData("{\"a\": NaN}", "line 1")]
    [InlineData("{\"a\": 1,}", "line 1")]
    [InlineData("{\n\"a\": Infinity}", "line 2")]
    [InlineData("{\"a\": {\"b\": 1, \"b\": 2}}", "\"b\" is there twice")]
    [InlineData("{\"a\": [{\"c\": 1, \"c\": 1}]}", "\"c\" is there twice")]
    [InlineData("{\"\\ud800\": 1}", "")]
    [InlineData("[1]", "must be an object")]
    [InlineData("3", "must be an object")]
    [InlineData("version https://git-lfs.github.com/spec/v1\noid sha256:00", "Git LFS")]
    public void Parse_NoObject_IsOneSentenceWithTheFile(string json, string part)
    {
        InvalidDataException error = Assert.Throws<InvalidDataException>(() =>
            JsonValue.Parse(Name, Encoding.UTF8.GetBytes(json)).Members().ToList());
        AssertSentence(error, part);
    }

    [Fact]
    public void Required_NullAndMissing_AreTwoThings()
    {
        JsonValue value = JsonValue.Parse(Name, """{"a": null, "b": {"c": null}}"""u8.ToArray());
        AssertSentence(Assert.Throws<InvalidDataException>(() => value.Required("a")), "a is null");
        AssertSentence(Assert.Throws<InvalidDataException>(() => value.Required("d")), "d is missing");
        AssertSentence(Assert.Throws<InvalidDataException>(() => value.Member("b")!.Required("c")), "b.c is null");
    }

    [Fact]
    public void Read_Pipe_DoesNotWaitForAWriter()
    {
        if (!OperatingSystem.IsLinux()) Assert.Skip("made with mkfifo");
        using TemporaryFolder folder = new();
        string path = folder.File("config.json");
        using (System.Diagnostics.Process make = System.Diagnostics.Process.Start("mkfifo", [path])) make.WaitForExit();
        InvalidDataException error = Assert.Throws<InvalidDataException>(() => JsonValue.Read(path));
        Assert.StartsWith($"{path}: not valid JSON (it is empty)", error.Message, StringComparison.Ordinal);
        Assert.Empty(JsonSource.ReadFile(path));
    }

    [Fact]
    public void ReadFile_BehindALink_IsTheFile()
    {
        using TemporaryFolder folder = new();
        byte[] bytes = new byte[100_000];
        new Random(3).NextBytes(bytes);
        string path = folder.Write("blob", bytes);
        File.CreateSymbolicLink(folder.File("link"), "blob");
        Assert.Equal(bytes, JsonSource.ReadFile(path));
        Assert.Equal(bytes, JsonSource.ReadFile(folder.File("link")));
    }

    [Fact]
    public void Parse_InvalidUtf8_NamesTheByte()
    {
        byte[] json = [.. "{\"a\": \"x"u8, 0xC3, 0x28, .. "\"}"u8];
        AssertSentence(Assert.Throws<InvalidDataException>(() => JsonValue.Parse(Name, json)), "byte 8 is no UTF-8");
    }

    [Fact]
    public void Parse_TooDeep_IsOneSentence()
    {
        string json = "{\"a\":" + new string('[', 100_000) + new string(']', 100_000) + "}";
        AssertSentence(
            Assert.Throws<InvalidDataException>(() => JsonValue.Parse(Name, Encoding.UTF8.GetBytes(json))), "nested deeper than 64");
    }

    [Fact]
    public void Parse_ByteOrderMark_IsSkipped() =>
        Assert.Equal(1, JsonValue.Parse(Name, "\uFEFF{\"a\":1}"u8.ToArray()).Required("a").Int());

    [Theory]
    [InlineData("\"text\"", "a whole number")]
    [InlineData("3000000000", "a whole number")]
    [InlineData("1.5", "a whole number")]
    [InlineData("[1]", "a whole number")]
    [InlineData("true", "a whole number")]
    public void Int_OtherValue_NamesTheKey(string value, string wanted) => AssertWrong(value, item => item.Int(), wanted);

    [Theory]
    [InlineData("\"1\"")]
    [InlineData("1e999")]
    [InlineData("{}")]
    public void Number_OtherValue_NamesTheKey(string value) => AssertWrong(value, item => item.Number(), "a finite number");

    [Theory]
    [InlineData("1")]
    [InlineData("\"true\"")]
    public void Flag_OtherValue_NamesTheKey(string value) => AssertWrong(value, item => item.Flag(), "true or false");

    [Theory]
    [InlineData("1")]
    [InlineData("[\"a\"]")]
    [InlineData("\"\\udc00\"")]
    public void Text_OtherValue_NamesTheKey(string value) => AssertWrong(value, item => item.Text(), "a text");

    [Theory]
    [InlineData("1")]
    [InlineData("{}")]
    public void Items_OtherValue_NamesTheKey(string value) => AssertWrong(value, item => item.Items(), "a list");

    [Theory]
    [InlineData("1")]
    [InlineData("\"x\"")]
    [InlineData("[]")]
    public void Member_OfNoObject_NamesTheKey(string value) => AssertWrong(value, item => item.Member("x"), "an object");

    [Fact]
    public void Values_OfTheirKinds_AreRead()
    {
        byte[] json = """
            {"i": 7, "l": 5000000000, "n": 1e-5, "t": "x", "f": true, "list": [1, 2], "o": {"k": null}}
            """u8.ToArray();
        JsonValue root = JsonValue.Parse(Name, json);
        Assert.Equal(7, root.Required("i").Int());
        Assert.Equal(5_000_000_000, root.Required("l").Long());
        Assert.Equal(1e-5, root.Required("n").Number());
        Assert.Equal("x", root.Required("t").Text());
        Assert.True(root.Required("f").Flag());
        Assert.Equal([1, 2], root.Required("list").Items().Select(item => item.Int()));
        Assert.Null(root.Required("o").Member("k"));
        Assert.True(root.Required("o").Names("k"));
        Assert.False(root.Has("absent"));
    }

    [Fact]
    public void Wrong_LongValue_IsShownShort()
    {
        JsonValue value = JsonValue.Parse(Name, Encoding.UTF8.GetBytes($"{{\"a\": \"{new string('x', 100_000)}\"}}"));
        Assert.InRange(Assert.Throws<InvalidDataException>(() => value.Required("a").Int()).Message.Length, 1, 200);
    }

    private static void AssertWrong(string value, Action<JsonValue> read, string wanted)
    {
        JsonValue root = JsonValue.Parse(Name, Encoding.UTF8.GetBytes($"{{\"outer\": {{\"key\": {value}}}}}"));
        AssertSentence(
            Assert.Throws<InvalidDataException>(() => read(root.Required("outer").Required("key"))), $"outer.key must be {wanted}");
    }

    private static void AssertSentence(InvalidDataException error, string part)
    {
        Assert.StartsWith(Name, error.Message, StringComparison.Ordinal);
        Assert.Contains(part, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error.Message);
    }
}
