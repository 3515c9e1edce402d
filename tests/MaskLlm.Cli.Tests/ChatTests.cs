using System.Net;
using System.Text.Json.Nodes;
using MaskLlm.Chat;
using MaskLlm.Cli.Talking;
using MaskLlm.Decoding;
using MaskLlm.Products;
using MaskLlm.Tests;

namespace MaskLlm.Cli.Tests;

/// <summary>Conversations in the checkpoint's template: over HTTP, in one line, on the terminal.</summary>
public class ChatTests
{
    private const string Path = "/v1/chat/completions";

    [Fact]
    public async Task Serve_Chat_IsTheTemplatesTextWholeStreamedAndInParts()
    {
        using TemporaryFolder folder = new();
        string model = ChatModel.In(folder);
        using RunningServer server = await RunningServer.StartOn(model);
        const string Fields = """ "max_tokens": 8, "temperature": 0 """;
        JsonNode whole = await server.PostJson(Path, $$"""{ {{Fields}}, "messages": [ { "role": "user", "content": "the fox" } ] }""");
        JsonNode[] pieces = await server.PostStream(Path, $$"""{ {{Fields}}, "stream": true, "messages": [ { "role": "user", "content": [ { "type": "text", "text": "the " }, { "type": "text", "text": "fox" } ] } ] }""");
        JsonNode message = whole["choices"]![0]!["message"]!;
        string text = message["content"]!.GetValue<string>();
        Assert.Equal(("chat.completion", "assistant"), (whole["object"]!.GetValue<string>(), message["role"]!.GetValue<string>()));
        Assert.Equal("assistant", pieces[0]["choices"]![0]!["delta"]!["role"]!.GetValue<string>());
        Assert.Equal(text, string.Concat(pieces.Select(piece => piece["choices"]![0]!["delta"]!["content"]?.GetValue<string>())));
        CommandRun generated = CommandRun.Of("generate", model, "--prompt", "the fox", "--chat", "--max-tokens", "8", "--json");
        Assert.Equal(text, JsonNode.Parse(generated.Output)!["text"]!.GetValue<string>());

        JsonNode rest = await server.PostJson(Path, """{ "messages": [ { "role": "user", "content": "the fox" } ] }""");
        Assert.True(rest["choices"]![0]!["finish_reason"]!.GetValue<string>() == "stop"
            || rest["usage"]!["total_tokens"]!.GetValue<int>() == 64, rest.ToJsonString());
    }

    [Fact]
    public async Task Serve_ChatBadRequest_IsRefused()
    {
        using TemporaryFolder folder = new();
        using RunningServer server = await RunningServer.StartOn(ChatModel.In(folder));
        foreach ((string messages, string word) in new[]
        {
            ("""[ { "role": "tool", "content": "a" } ]""", "tools cannot talk"),
            ("""[]""", "messages"),
            (""" "hello" """, "messages"),
            ("""[ "hello" ]""", "messages[0]"),
            ("""[ { "content": "a" } ]""", "messages[0].role"),
            ("""[ { "role": "user" } ]""", "messages[0].content"),
            ("""[ { "role": "user", "content": [ { "type": "image_url" } ] } ]""", "messages[0].content[0].type"),
        })
        {
            using HttpResponseMessage response = await server.Post(Path, $$"""{ "messages": {{messages}} }""");
            Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
            Assert.Contains(word, await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken),
                StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Talk_Lines_AreTurnsUntilExit()
    {
        using TemporaryFolder folder = new();
        using RuntimeModel model = RuntimeModel.OpenOrPack(ChatModel.In(folder), WeightType.Float32, null,
            stop: TestContext.Current.CancellationToken);
        using RuntimeDecoder decoder = new(model, new RuntimeDecoderOptions { Threads = 1 });
        using Speaker speaker = new(model.LoadTokenizer(), decoder, 6, new SamplingOptions());
        using StringWriter output = new(), error = new();
        new Talk(speaker, ChatFormat.Read(model.File, speaker.Tokenizer.SpecialTokens)!, output, error)
            .Run(new StringReader("the fox\n\na heron\n/exit\nmore"), null, TestContext.Current.CancellationToken);
        // Four times the sign: two turns, an empty line, and the end.
        Assert.Equal("> > > > ", error.ToString());
        using Speaker alone = new(model.LoadTokenizer(), decoder, 6, new SamplingOptions());
        string first = "", second = "";
        alone.Say(alone.Tokenizer.Encode("u:the fox\na:"), added => first += added, TestContext.Current.CancellationToken);
        alone.Say(alone.Tokenizer.Encode($"u:the fox\na:{first}\nu:a heron\na:"), added => second += added,
            TestContext.Current.CancellationToken);
        Assert.Equal($"{first}{Environment.NewLine}{second}{Environment.NewLine}", output.ToString());
    }

    [Fact]
    public void Generate_ChatWithoutTemplateOrPrompt_IsOneSentence()
    {
        foreach ((string[] args, string word) in new[] { (new[] { "--chat", "--prompt", "a" }, "no chat template"),
            (["--interactive"], "no chat template"), ([], "--prompt"), (["--interactive", "--json"], "--json") })
        {
            CommandRun run = CommandRun.Of(["generate", TinyModel.Folder, .. args]);
            Assert.Equal(2, run.ExitCode);
            Assert.Contains(word, run.LastLine, StringComparison.Ordinal);
        }
    }
}
