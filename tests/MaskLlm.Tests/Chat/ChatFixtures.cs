using System.Text.Json;
using MaskLlm.Chat;

namespace MaskLlm.Tests.Chat;

/// <summary>Recorded renderings: of whole templates, and of one construct each.</summary>
internal static class ChatFixtures
{
    internal static JsonElement Templates { get; } = Read("templates.json");

    internal static JsonElement Constructs { get; } = Read("constructs.json");

    internal static JsonElement FiltersAndBlocks { get; } = Read("filters-and-blocks.json");

    internal static List<ChatMessage> Messages(JsonElement list) =>
        [.. list.EnumerateArray()
            .Select(entry => new ChatMessage(entry.GetProperty("role").GetString()!, entry.GetProperty("content").GetString()!))];

    internal static string Render(string source, params ChatMessage[] messages) =>
        ChatTemplate.Parse(source).Render(messages, addGenerationPrompt: true, "<s>", endToken: null);

    private static JsonElement Read(string name)
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(Fixture.PathOf(Path.Combine("chat", name))));
        return document.RootElement.Clone();
    }
}
