using System.Text;
using MaskLlm.Chat;

namespace MaskLlm.Tests.Chat;

public class ChatFormatTests
{
    private const string Jinja = "chat_template.jinja";
    private const string Json = "chat_template.json";
    private const string Configuration = "tokenizer_config.json";

    [Fact]
    public void Read_AllFiles_TakesTheJinjaFile() => Assert.Equal("jinja", Rendered(
        (Jinja, "jinja"), (Json, """{"chat_template": "json"}"""), (Configuration, """{"chat_template": "configuration"}""")));

    [Fact]
    public void Read_TwoFiles_TakesTheJsonFile() => Assert.Equal("json", Rendered(
        (Json, """{"chat_template": "json"}"""), (Configuration, """{"chat_template": "configuration"}""")));

    [Theory]
    [InlineData("""{"chat_template": "a"}""", "a")]
    [InlineData("""{"chat_template": [{"name": "tool_use", "template": "t"}, {"name": "default", "template": "d"}]}""", "d")]
    [InlineData("""{"chat_template": [{"name": "tool_use", "template": "t"}]}""", null)]
    [InlineData("""{"chat_template": []}""", null)]
    [InlineData("""{"chat_template": null}""", null)]
    [InlineData("{}", null)]
    public void Read_Configuration_TakesTheDefault(string configuration, string? expected) => Assert.Equal(expected, Rendered((Configuration, configuration)));

    [Theory]
    [InlineData("""{"bos_token": "<s>", "eos_token": "</s>"}""", "<s>", "</s>")]
    [InlineData("""{"bos_token": {"content": "<b>", "lstrip": false}, "eos_token": null}""", "<b>", null)]
    [InlineData("{}", null, null)]
    public void Read_Tokens_AreThoseOfTheConfiguration(string configuration, string? begin, string? end)
    {
        var format = Read((Jinja, "{{ bos_token }}|{{ eos_token }}"), (Configuration, configuration))!;
        Assert.Equal((begin, end), (format.BeginToken, format.EndToken));
        Assert.Equal($"{begin}|{end}", format.Render([], addGenerationPrompt: false));
    }

    [Fact]
    public void Read_NoFile_IsNull() => Assert.Null(Read());

    [Fact]
    public void Read_TemplateWithoutConfiguration_HasNoTokens() => Assert.Null(Read((Jinja, "\uFEFFx"))!.BeginToken);

    [Fact]
    public void Read_ByteOrderMark_IsNoText() => Assert.Equal("x", Rendered((Jinja, "\uFEFFx")));

    [Fact]
    public void Read_Folder_ReadsItsFiles()
    {
        using var folder = new TemporaryFolder();
        Assert.Null(ChatFormat.Read(folder.Path));
        File.WriteAllText(Path.Combine(folder.Path, Configuration), """{"chat_template": "{{ messages[0].content }}{{ eos_token }}", "eos_token": "!"}""");
        Assert.Equal("Hi!", ChatFormat.Read(folder.Path)!.Render([new("user", "Hi")], addGenerationPrompt: true));
    }

    [Theory]
    [InlineData(Configuration, "{", "tokenizer_config.json: no JSON")]
    [InlineData(Configuration, "[]", "tokenizer_config.json: found a JSON Array; expected an object.")]
    [InlineData(Configuration, """{"chat_template": 5}""", "tokenizer_config.json: chat_template is a JSON Number; expected a text.")]
    [InlineData(Configuration, """{"chat_template": "a", "bos_token": []}""", "tokenizer_config.json: bos_token is a JSON Array; expected a text.")]
    [InlineData(Configuration, """{"chat_template": "\ud800"}""", "tokenizer_config.json: chat_template holds half a surrogate pair")]
    [InlineData(Json, """{"chat_template": "{{"}""", "chat template, line 1: found a tag")]
    public void Read_DamagedFile_IsNamed(string file, string text, string message) =>
        Assert.StartsWith(message, Assert.Throws<InvalidDataException>(() => Read((file, text))).Message, StringComparison.Ordinal);

    [Fact]
    public void Read_NoUtf8_IsNamed() =>
        Assert.StartsWith("chat_template.jinja: the bytes at 1 are no UTF-8.", Assert.Throws<InvalidDataException>(() => ChatFormat.Read(name => name == Jinja ? [65, 0xFF] : null)).Message, StringComparison.Ordinal);

    private static ChatFormat? Read(params (string Name, string Text)[] files)
    {
        Assert.All(files, file => Assert.Contains(file.Name, ChatFormat.FileNames));
        return ChatFormat.Read(name => files.FirstOrDefault(file => file.Name == name) is { Text: { } text } ? Encoding.UTF8.GetBytes(text) : null);
    }

    private static string? Rendered(params (string Name, string Text)[] files) => Read(files)?.Render([], addGenerationPrompt: false);
}
