using System.Net;
using System.Text.Json.Nodes;
using MaskLlm.Tests;

namespace MaskLlm.Cli.Tests;

/// <summary>A template that cannot be read stops chats, and nothing else.</summary>
public class BrokenTemplateTests
{
    [Theory]
    [InlineData("{% include 'x' %}", "the statement 'include' is not supported")]
    [InlineData("{{ messages | nosuch }}", "the filter 'nosuch' is not supported")]
    [InlineData("{% if messages %}{{ messages | nosuch }}{% endif %}", "the filter 'nosuch' is not supported")]
    [InlineData("{{ messages is nosuch }}", "the test 'nosuch' is not supported")]
    [InlineData("{% for m in messages %}", "found the end of the template")]
    [InlineData("{{ '\\udc00' ", "found a tag, '{{', without an end")]
    public async Task Serve_BrokenTemplate_WarnsAndServesCompletions(string template, string sentence)
    {
        using TemporaryFolder folder = new();
        using RunningServer server = await RunningServer.StartOn(Model(folder, template));
        string warning = Assert.Single(server.Errors.Split('\n'), line => line.StartsWith("warning: ", StringComparison.Ordinal));
        Assert.StartsWith("warning: chat template, line 1: ", warning, StringComparison.Ordinal);
        Assert.Contains(sentence, warning, StringComparison.Ordinal);
        JsonNode answer = await server.PostJson("/v1/completions", """{ "prompt": "the fox", "max_tokens": 2 }""");
        Assert.Equal("text_completion", answer["object"]!.GetValue<string>());
        using HttpResponseMessage chat = await server.Post("/v1/chat/completions", """{ "messages": [ { "role": "user", "content": "a" } ], "max_tokens": 2 }""");
        Assert.Equal(HttpStatusCode.BadRequest, chat.StatusCode);
        string body = await chat.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.Contains(sentence, JsonNode.Parse(body)!["error"]!["message"]!.GetValue<string>(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Serve_ReadableTemplate_WarnsOfNothing()
    {
        using TemporaryFolder folder = new();
        using RunningServer server = await RunningServer.StartOn(ChatModel.In(folder));
        Assert.DoesNotContain("warning", server.Errors, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{% include 'x' %}")]
    [InlineData("{{ messages | nosuch }}")]
    [InlineData("{% for m in messages %}")]
    public void GenerateAndExport_BrokenTemplate_NeedsItForChatsOnly(string template)
    {
        using TemporaryFolder folder = new();
        string model = Model(folder, template);
        Assert.Equal(0, CommandRun.Of("generate", model, "--prompt", "the fox", "--max-tokens", "2").ExitCode);
        CommandRun chat = CommandRun.Of("generate", model, "--prompt", "the fox", "--chat", "--max-tokens", "2");
        Assert.Equal(2, chat.ExitCode);
        Assert.StartsWith("chat template, line 1: ", chat.LastLine, StringComparison.Ordinal);
        foreach (string format in new[] { "runtime", "gguf" })
            Assert.Equal("0 ", CommandRun.Of("export", model, "--format", format, "--out", folder.File($"out.{format}")) is var run
                ? $"{run.ExitCode} {(run.ExitCode == 0 ? "" : run.LastLine)}" : "");
    }

    private static string Model(TemporaryFolder folder, string template)
    {
        string model = TinyModel.CopyTo(folder.File("model"));
        File.WriteAllText(Path.Combine(model, "tokenizer_config.json"), new JsonObject { ["chat_template"] = template }.ToJsonString());
        return model;
    }
}
