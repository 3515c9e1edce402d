using System.Text.Json;
using System.Text.Json.Nodes;
using MaskLlm.Chat;

namespace MaskLlm.Tests.Chat;

/// <summary>What transformers and Jinja made of templates.</summary>
public class ChatTemplateGoldenTests
{
    public static TheoryData<int> TemplateCases => [.. Enumerable.Range(0, ChatFixtures.Templates.GetProperty("cases").GetArrayLength())];

    public static TheoryData<int> ConstructCases => [.. Enumerable.Range(0, ChatFixtures.Constructs.GetProperty("cases").GetArrayLength())];

    public static TheoryData<int> FilterAndBlockCases =>
        [.. Enumerable.Range(0, ChatFixtures.FiltersAndBlocks.GetProperty("cases").GetArrayLength())];

    [Theory]
    [MemberData(nameof(FilterAndBlockCases))]
    public void Render_FilterOrBlock_EqualsTheRecord(int index)
    {
        JsonElement entry = ChatFixtures.FiltersAndBlocks.GetProperty("cases")[index];
        JsonObject variables = JsonObject.Create(ChatFixtures.FiltersAndBlocks.GetProperty("variables"))!;
        string Render() => ChatTemplate.Parse(entry.GetProperty("source").GetString()!).Render(variables);
        if (entry.TryGetProperty("rendered", out JsonElement rendered))
            Assert.Equal(rendered.GetString(), Render());
        else
            Assert.StartsWith("chat template, line 1: ", Assert.Throws<ArgumentException>(Render).Message, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(TemplateCases))]
    public void Render_WholeTemplate_EqualsTheRecord(int index)
    {
        JsonElement entry = ChatFixtures.Templates.GetProperty("cases")[index];
        ChatTemplate template = ChatTemplate.Parse(ChatFixtures.Templates.GetProperty("templates")
            .GetProperty(entry.GetProperty("template").GetString()!).GetString()!);
        string Render() => template.Render(
            ChatFixtures.Messages(entry.GetProperty("messages")), entry.GetProperty("add_generation_prompt").GetBoolean(),
            entry.GetProperty("bos_token").GetString(), entry.GetProperty("eos_token").GetString());
        if (entry.TryGetProperty("error", out JsonElement error))
            Assert.Equal(error.GetString(), Assert.Throws<ArgumentException>(Render).Message);
        else
            Assert.Equal(entry.GetProperty("rendered").GetString(), Render());
    }

    [Theory]
    [MemberData(nameof(ConstructCases))]
    public void Render_OneConstruct_EqualsTheRecord(int index)
    {
        JsonElement entry = ChatFixtures.Constructs.GetProperty("cases")[index];
        ChatTemplate template = ChatTemplate.Parse(entry.GetProperty("source").GetString()!);
        string Render() => template.Render(ChatFixtures.Messages(ChatFixtures.Constructs.GetProperty("messages")),
            addGenerationPrompt: true, "<s>", endToken: null);
        if (entry.TryGetProperty("rendered", out JsonElement rendered))
        {
            Assert.Equal(rendered.GetString(), Render());
            return;
        }

        string message = Assert.Throws<ArgumentException>(Render).Message;
        if (entry.TryGetProperty("message", out JsonElement own))
            Assert.Equal(own.GetString(), message);
        else
            Assert.StartsWith("chat template, line 1: ", message, StringComparison.Ordinal);
    }
}
