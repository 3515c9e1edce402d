using System.Text;
using System.Text.Json.Nodes;
using MaskLlm.Chat;
using MaskLlm.Tokens;

namespace MaskLlm.Tests.Chat;

public class ChatFormatTests
{
    private const string Pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:0123\nsize 3\n";
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
    public void Read_Configuration_TakesTheDefault(string configuration, string? expected) =>
        Assert.Equal(expected, Rendered((Configuration, configuration)));

    [Theory]
    [InlineData("""{"bos_token": "<s>", "eos_token": "</s>"}""", "<s>", "</s>")]
    [InlineData("""{"bos_token": {"content": "<b>", "lstrip": false}, "eos_token": null}""", "<b>", null)]
    [InlineData("{}", null, null)]
    public void Read_Tokens_AreThoseOfTheConfiguration(string configuration, string? begin, string? end)
    {
        ChatFormat format = Read((Jinja, "{{ bos_token }}|{{ eos_token }}"), (Configuration, configuration))!;
        Assert.Equal((begin, end), (Token(format, "bos_token"), Token(format, "eos_token")));
        Assert.Equal($"{begin}|{end}", format.Render([], addGenerationPrompt: false));
    }

    [Fact]
    public void Read_NoFile_IsNull() => Assert.Null(Read());

    [Fact]
    public void Read_TemplateWithoutConfiguration_HasNoTokens() => Assert.Empty(Read((Jinja, "\uFEFFx"))!.SpecialTokens);

    [Fact]
    public void Read_ByteOrderMark_IsNoText() => Assert.Equal("x", Rendered((Jinja, "\uFEFFx")));

    [Theory]
    [InlineData(Configuration, "{", "tokenizer_config.json: not valid JSON")]
    [InlineData(Configuration, "[]", "tokenizer_config.json must be an object, found [].")]
    [InlineData(Configuration, """{"chat_template": "a", "bos_token": []}""", "tokenizer_config.json: bos_token must be a text, found [].")]
    public void Read_DamagedFile_IsNamed(string file, string text, string message) =>
        Assert.StartsWith(message, Assert.Throws<InvalidDataException>(() => Read((file, text))).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData(Configuration, """{"chat_template": 5}""", "tokenizer_config.json: chat_template is a JSON Number; expected a text.")]
    [InlineData(Configuration, """{"chat_template": "\ud800"}""", "tokenizer_config.json: chat_template holds half a surrogate pair")]
    [InlineData(Json, """{"chat_template": "{{"}""", "chat template, line 1: found a tag")]
    [InlineData(Json, """{""", "chat_template.json: no JSON")]
    [InlineData(Json, Pointer, "chat_template.json: a pointer of Git LFS")]
    [InlineData(Jinja, Pointer, "chat_template.jinja: a pointer of Git LFS and not the file itself. Fetch it with `git lfs pull`.")]
    [InlineData(Jinja, "{% include 'x' %}", "chat template, line 1: the statement 'include' is not supported.")]
    [InlineData(Jinja, "a\n{% for m in messages %}{{ m | nosuch }}{% endfor %}",
        "chat template, line 2: the filter 'nosuch' is not supported.")]
    [InlineData(Jinja, "{{ messages is nosuch }}", "chat template, line 1: the test 'nosuch' is not supported.")]
    public void Read_BrokenTemplate_IsTheProblemOfChatsOnly(string file, string text, string message)
    {
        ChatFormat format = Read((file, text))!;
        Assert.StartsWith(message, format.Problem, StringComparison.Ordinal);
        Exception error = Assert.ThrowsAny<Exception>(() => format.Render([new("user", "Hi")], addGenerationPrompt: true));
        Assert.True(error is ArgumentException or NotSupportedException, error.ToString());
        Assert.Equal(format.Problem, error.Message);
    }

    [Fact]
    public void Read_IncludeInABranch_IsAProblemAndStopsOnlyWhatComesThere()
    {
        const string Template = "a{% if messages[0].role == 'tool' %}{% include 'tools.jinja' %}{% endif %}b";
        ChatFormat format = Read((Jinja, Template))!;
        Assert.StartsWith("chat template, line 1: the statement 'include' is not supported.", format.Problem, StringComparison.Ordinal);
        Assert.Equal("ab", format.Render([new("user", "Hi")], addGenerationPrompt: true));
        Assert.Equal(format.Problem,
            Assert.Throws<NotSupportedException>(() => format.Render([new("tool", "Hi")], addGenerationPrompt: true)).Message);
    }

    [Fact]
    public void Read_UnknownFilterInABranch_IsAProblemAndStopsOnlyWhatComesThere()
    {
        ChatFormat format = Read((Jinja, "{% if messages %}{{ messages | nosuch }}{% endif %}{{ 1 if true else (1 | other) }}"))!;
        Assert.StartsWith("chat template, line 1: the filter 'nosuch' is not supported.", format.Problem, StringComparison.Ordinal);
        Assert.Equal("1", format.Render([], addGenerationPrompt: true));
        Assert.Equal(format.Problem,
            Assert.Throws<NotSupportedException>(() => format.Render([new("user", "Hi")], addGenerationPrompt: true)).Message);
    }

    [Fact]
    public void Read_NoUtf8_IsNamed()
    {
        ChatFormat format = ChatFormat.Read(name => name == Jinja ? [65, 0xFF] : null, new Dictionary<string, JsonNode?>())!;
        Assert.StartsWith("chat_template.jinja: the bytes at 1 are no UTF-8.", format.Problem, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_SpecialTokens_AllReachTheTemplate()
    {
        const string Template = "{{ bos_token }}{{ pad_token }}{{ image_token }}{{ additional_special_tokens[1] }}{{ cls_token is defined "
            + "}}{{ sep_token is defined }}";
        const string Tokens = """
            {"bos_token": "<s>", "pad_token": {"content": "<p>"}, "cls_token": "", "sep_token": null,
             "additional_special_tokens": ["<a>", {"content": "<b>"}], "extra_special_tokens": {"image_token": "<i>"}}
            """;
        Assert.Equal("<s><p><i><b>FalseFalse", Read((Jinja, Template), (Configuration, Tokens))!.Render([], addGenerationPrompt: false));
        ChatFormat? given = ChatFormat.Read(name => name == Jinja ? Encoding.UTF8.GetBytes("{{ bos_token }}{{ names[0] }}") : null,
            new Dictionary<string, JsonNode?> { ["bos_token"] = "!", ["names"] = new JsonArray("n") });
        Assert.Equal("!n", given!.Render([], addGenerationPrompt: false));
    }

    /// <summary>Whatever a message carries reaches the template, beside the special tokens.</summary>
    [Fact]
    public void Render_MessageWithMembers_GivesThemToTheTemplate()
    {
        const string Template = "{{ bos_token }}{% for m in messages %}{{ m.role }}={{ m.content }};{{ m.name }};{% for call in "
            + "m.tool_calls or [] %}{{ call }}{% endfor %}|{% endfor %}{{ add_generation_prompt }}";
        ChatMessage[] turns = [new("user", "Hi"),
            new("assistant", null) { Members = [("name", "n"), ("tool_calls", new JsonArray("f", "g"))] }];
        Assert.Equal("<s>user=Hi;;|assistant=None;n;fg|True", Read((Jinja, Template), (Configuration, """{"bos_token": "<s>"}"""))!.Render(turns, addGenerationPrompt: true));
    }

    [Fact]
    public void Render_Variables_AreWhateverIsGiven()
    {
        const string Template = "{{ bos_token }}{{ messages[0].content is none }}{{ messages[0].tool_calls[0].function.arguments.x }}{{ "
            + "tools[0].name }}{{ enable_thinking }}{{ documents is none }}{{ n * 2 }}";
        JsonObject variables = JsonNode.Parse("""
            {"messages": [{"role": "assistant", "content": null, "tool_calls": [{"function": {"arguments": {"x": 1.5, "x": 2}}}]}],
             "tools": [{"name": "t"}], "enable_thinking": false, "bos_token": "own", "n": 3}
            """)!.AsObject();
        Assert.Equal("ownTrue2tFalseTrue6", Read((Jinja, Template), (Configuration, """{"bos_token": "<s>"}"""))!.Render(variables));
    }

    [Fact]
    public void Render_VariableNestedTooDeep_IsOneSentence()
    {
        JsonNode? deep = JsonNode.Parse(new string('[', 60) + new string(']', 60));
        for (int level = 0; level < 3; level++)
            deep = new JsonArray(deep!.DeepClone(), new JsonArray([.. Enumerable.Range(0, 2).Select(_ => deep.DeepClone())]));
        Assert.NotEqual("", ChatTemplate.Parse("{{ x }}").Render(new JsonObject { ["x"] = deep }));
        for (int level = 0; level < 60; level++)
            deep = new JsonArray(deep!.DeepClone());
        Assert.Contains("levels deep",
            Assert.Throws<ArgumentException>(() => ChatTemplate.Parse("{{ x }}").Render(new JsonObject { ["x"] = deep })).Message,
            StringComparison.Ordinal);
    }

    private static string? Token(ChatFormat format, string name) => format.SpecialTokens.TryGetValue(name, out JsonNode? token)
        ? token!.GetValue<string>() : null;

    private static ChatFormat? Read(params (string Name, string Text)[] files)
    {
        Assert.All(files, file => Assert.Contains(file.Name, ChatFormat.FileNames));
        byte[]? Open(string name) => files.FirstOrDefault(file => file.Name == name) is { Text: { } text } ? Encoding.UTF8.GetBytes(text)
            : null;
        return ChatFormat.Read(Open, TokenizerSettings.Read(new TokenizerFiles(Open, name => name)).Names.ForTemplates());
    }

    private static string? Rendered(params (string Name, string Text)[] files) => Read(files)?.Render([], addGenerationPrompt: false);
}
