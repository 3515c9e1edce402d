using System.Net;
using System.Text.Json.Nodes;
using MaskLlm.Tests;

namespace MaskLlm.Cli.Tests;

/// <summary>Calls of tools in a conversation, and final messages that go on.</summary>
public class ToolCallTests
{
    private const string Path = "/v1/chat/completions";
    private const string Hello = """{ "role": "user", "content": "Hi" }""";
    private const string Calls = "\"tool_calls\": [ { \"id\": \"c1\", \"type\": \"function\", \"function\": { \"name\": \"f\", "
        + "\"arguments\": \"{\\\"a\\\": 1}\" } } ]";
    private const string Answer = """{ "role": "tool", "tool_call_id": "c1", "name": "f", "content": "42" }""";

    private const string Printing =
        "{% for m in messages %}{{ m.role }}={{ m.content }}{% if m.tool_calls %}{{ m.tool_calls[0].function.arguments | tojson }}{% "
            + "endif %}{{ m.tool_call_id }}{{ m.name }}|{% endfor %}";
    private const string Appending =
        "{% for m in messages %}{{ m.role }}={{ m.content }}{% if m.tool_calls %}{{ '<' + m.tool_calls[0].function.arguments + '>' }}{% "
        + "endif %}|{% endfor %}";
    private const string NotReading = "{% for m in messages %}{{ m.role }}={{ m.content }}|{% endfor %}";

    [Theory]
    [InlineData(Printing, "\"content\": \"\",", "user=Hi|assistant={\"a\": 1}|tool=42c1f|")]
    [InlineData(Printing, "\"content\": null,", "user=Hi|assistant=None{\"a\": 1}|tool=42c1f|")]
    [InlineData(Printing, "", "user=Hi|assistant=None{\"a\": 1}|tool=42c1f|")]
    [InlineData(Appending, "\"content\": \"\",", "user=Hi|assistant=<{\"a\": 1}>|tool=42|")]
    public async Task ToolCalls_ReachTheTemplate(string template, string content, string rendered)
    {
        using TemporaryFolder folder = new();
        using RunningServer server = await RunningServer.StartOn(Model(folder, template));
        await AssertPrompt(server, $$"""[ {{Hello}}, { "role": "assistant", {{content}} {{Calls}} }, {{Answer}} ]""", "", rendered);
    }

    [Fact]
    public async Task ToolCalls_WhereTheTemplateDoesNotReadThem_AreRefused()
    {
        using TemporaryFolder folder = new();
        using RunningServer server = await RunningServer.StartOn(Model(folder, NotReading));
        await AssertRefused(server, $$"""[ {{Hello}}, { "role": "assistant", "content": "", {{Calls}} }, {{Answer}} ]""", "", "does not read tool calls");
        await AssertRefused(server, $$"""[ {{Hello}}, { "role": "assistant", "content": "", "function_call": { "name": "f", "arguments": "{}" } } ]""", "", "does not read tool calls");
        // No calls are no calls.
        await AssertPrompt(server, $$"""[ {{Hello}}, { "role": "assistant", "content": "x", "tool_calls": [], "refusal": null, "annotations": [] } ]""", "", "user=Hi|assistant=x|");
    }

    [Theory]
    [InlineData("""{ "role": "assistant", "content": null }""", "messages[0].content")]
    [InlineData("""{ "role": "user", "content": null, "tool_calls": [ { "function": { "name": "f" } } ] }""", "messages[0].tool_calls")]
    [InlineData("""{ "role": "assistant", "content": "", "tool_calls": {} }""", "messages[0].tool_calls")]
    [InlineData("""{ "role": "assistant", "content": "", "tool_calls": [ 1 ] }""", "messages[0].tool_calls[0]")]
    [InlineData("""{ "role": "assistant", "content": "", "tool_calls": [ { "type": "custom", "custom": { "name": "f" } } ] }""", "messages[0].tool_calls[0]")]
    [InlineData("""{ "role": "assistant", "content": "", "tool_calls": [ { "function": { "name": 1 } } ] }""", "messages[0].tool_calls[0].function.name")]
    [InlineData("""{ "role": "assistant", "content": "", "tool_calls": [ { "function": { "name": "f", "arguments": 1 } } ] }""", "messages[0].tool_calls[0].function.arguments")]
    [InlineData("""{ "role": "assistant", "content": "", "refusal": "no" }""", "messages[0].refusal")]
    [InlineData("""{ "role": "assistant", "content": "", "audio": { "id": "a" } }""", "messages[0].audio")]
    [InlineData("""{ "role": "tool", "content": "", "tool_call_id": 1 }""", "messages[0].tool_call_id")]
    [InlineData("""{ "role": "user", "content": "", "prefix": true }""", "messages[0].prefix")]
    [InlineData("""{ "role": "user", "content": [ { "type": "text", "text": "a", "more": 1 } ] }""", "messages[0].content[0].more")]
    [InlineData("""{ "role": "user", "content": [ { "type": "refusal", "refusal": "a" } ] }""", "messages[0].content[0].type")]
    public async Task Messages_ThatAreWrong_AreRefusedByPath(string message, string field)
    {
        using TemporaryFolder folder = new();
        using RunningServer server = await RunningServer.StartOn(Model(folder, Printing));
        Assert.Equal(field, await AssertRefused(server, $"[ {message} ]", "", ""));
    }

    [Theory]
    [InlineData("{% for m in messages %}{{ m.role }}:{{ m.content }}<end>{% endfor %}{% if add_generation_prompt %}a:{% endif %}", "Hi th ",
        "user:Hi<end>assistant:Hi th ")]
    [InlineData("{% for m in messages %}{{ m.role }}:{{ m.content | trim }}<end>{% endfor %}", "Hi th ", "user:Hi<end>assistant:Hi th")]
    public async Task ContinueFinalMessage_LeavesItOpen(string template, string last, string rendered)
    {
        using TemporaryFolder folder = new();
        using RunningServer server = await RunningServer.StartOn(Model(folder, template));
        string messages = $$"""[ {{Hello}}, { "role": "assistant", "content": "{{last}}" } ]""";
        await AssertPrompt(server, messages, """, "continue_final_message": true, "add_generation_prompt": false""", rendered);
        await AssertPrompt(server, messages, """, "continue_final_message": true""", rendered);
        Assert.Equal("continue_final_message", await AssertRefused(server, messages, """, "continue_final_message": true, "add_generation_prompt": true""", ""));
        await AssertRefused(server, $$"""[ {{Hello}}, { "role": "assistant", {{Calls}} } ]""", """, "continue_final_message": true""", "no text to go on with");
    }

    [Fact]
    public async Task AddGenerationPrompt_False_BeginsNoTurn()
    {
        using TemporaryFolder folder = new();
        using RunningServer server = await RunningServer.StartOn(ChatModel.In(folder));
        await AssertPrompt(server, $"[ {Hello} ]", """, "add_generation_prompt": false""", "u:Hi\n");
        await AssertPrompt(server, $"[ {Hello} ]", "", "u:Hi\na:");
    }

    private static string Model(TemporaryFolder folder, string template)
    {
        string model = TinyModel.CopyTo(folder.File("model"));
        File.WriteAllText(System.IO.Path.Combine(model, "chat_template.jinja"), template);
        return model;
    }

    // The prompt of a chat is the prompt of a completion with the same text, token by token.
    private static async Task AssertPrompt(RunningServer server, string messages, string more, string rendered)
    {
        const string Settings = "\"max_tokens\": 4, \"temperature\": 0";
        JsonNode chat = await server.PostJson(Path, $$"""{ "messages": {{messages}}, {{Settings}} {{more}} }""");
        int[] ids = MaskLlm.Tokens.Tokenizer.Load(TinyModel.Folder).Encode(rendered);
        JsonNode completion = await server.PostJson("/v1/completions", $$"""{ "prompt": [ {{string.Join(',', ids)}} ], {{Settings}} }""");
        Assert.Equal(ids.Length, chat["usage"]!["prompt_tokens"]!.GetValue<int>());
        Assert.Equal(completion["choices"]![0]!["text"]!.GetValue<string>(),
            chat["choices"]![0]!["message"]!["content"]!.GetValue<string>());
    }

    private static async Task<string?> AssertRefused(RunningServer server, string messages, string more, string word)
    {
        using HttpResponseMessage response = await server.Post(Path, $$"""{ "messages": {{messages}}, "max_tokens": 4 {{more}} }""");
        string text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.True(response.StatusCode == HttpStatusCode.BadRequest, text);
        Assert.Contains(word, text, StringComparison.Ordinal);
        return JsonNode.Parse(text)!["error"]!["param"]?.GetValue<string>();
    }
}
