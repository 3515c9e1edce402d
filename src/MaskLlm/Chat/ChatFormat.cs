using System.Text;
using System.Text.Json;

namespace MaskLlm.Chat;

/// <summary>How a checkpoint wants its conversations: the template, and the tokens that it names.</summary>
/// <param name="Template">The template.</param>
/// <param name="BeginToken">The text of the token that begins a text; null where there is none.</param>
/// <param name="EndToken">The text of the token that ends one; null where there is none.</param>
public sealed record ChatFormat(ChatTemplate Template, string? BeginToken, string? EndToken)
{
    private const string ConfigurationFile = "tokenizer_config.json";
    private const string TemplateMember = "chat_template";

    /// <summary>The files that <see cref="Read(Func{string, byte[]})"/> may ask for: who carries a checkpoint about carries these.</summary>
    public static IReadOnlyList<string> FileNames { get; } = ["chat_template.jinja", "chat_template.json", ConfigurationFile];

    /// <summary>Reads the format of a checkpoint; null where it has no template.</summary>
    /// <param name="folder">The checkpoint's folder.</param>
    /// <exception cref="InvalidDataException">A file is damaged, or the template is none.</exception>
    /// <exception cref="NotSupportedException">The template uses something that is not supported; the message names it.</exception>
    public static ChatFormat? Read(string folder)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        return Read(name => Path.Combine(folder, name) is var file && File.Exists(file) ? File.ReadAllBytes(file) : null);
    }

    /// <summary>Reads the format from files that are anywhere; null where there is no template.</summary>
    /// <param name="open">Gives the bytes of a file of <see cref="FileNames"/>, or null where there is none.</param>
    /// <exception cref="InvalidDataException">A file is damaged, or the template is none.</exception>
    /// <exception cref="NotSupportedException">The template uses something that is not supported; the message names it.</exception>
    public static ChatFormat? Read(Func<string, byte[]?> open)
    {
        ArgumentNullException.ThrowIfNull(open);
        var configuration = ReadJson(open, ConfigurationFile);
        var source = ReadText(open, FileNames[0]) ?? Source(ReadJson(open, FileNames[1]), FileNames[1]) ?? Source(configuration, ConfigurationFile);
        return source is null ? null : new ChatFormat(ChatTemplate.Parse(source), Token(configuration, "bos_token"), Token(configuration, "eos_token"));
    }

    /// <summary>Renders a conversation with the checkpoint's tokens, as <see cref="ChatTemplate.Render(IReadOnlyList{ChatMessage}, bool, string, string)"/> does.</summary>
    /// <param name="messages">The turns so far, the oldest first.</param>
    /// <param name="addGenerationPrompt">True to end with what begins the assistant's next turn.</param>
    /// <exception cref="ArgumentException">The template refuses the messages, fails with them, or reaches a limit.</exception>
    /// <exception cref="NotSupportedException">The template uses something that is not supported; the message names it.</exception>
    public string Render(IReadOnlyList<ChatMessage> messages, bool addGenerationPrompt) => Template.Render(messages, addGenerationPrompt, BeginToken, EndToken);

    private static string? ReadText(Func<string, byte[]?> open, string name)
    {
        if (open(name) is not { } bytes)
            return null;
        try
        {
            var text = new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(bytes);
            return text.StartsWith('\uFEFF') ? text[1..] : text;
        }
        catch (DecoderFallbackException error)
        {
            throw new InvalidDataException($"{name}: the bytes at {error.Index} are no UTF-8. Save the file as UTF-8, or copy it again.", error);
        }
    }

    private static JsonElement? ReadJson(Func<string, byte[]?> open, string name)
    {
        if (ReadText(open, name) is not { } text)
            return null;
        try
        {
            using var document = JsonDocument.Parse(text);
            return document.RootElement.ValueKind == JsonValueKind.Object
                ? document.RootElement.Clone()
                : throw new InvalidDataException($"{name}: found a JSON {document.RootElement.ValueKind}; expected an object. Copy the file again.");
        }
        catch (JsonException error)
        {
            throw new InvalidDataException($"{name}: no JSON: {error.Message} Copy the file again.", error);
        }
    }

    private static string? Source(JsonElement? root, string file)
    {
        if (Member(root, TemplateMember) is not { } template)
            return null;
        if (template.ValueKind != JsonValueKind.Array)
            return Text(template, file, TemplateMember);
        foreach (var entry in template.EnumerateArray())
        {
            if (Member(entry, "name") is { ValueKind: JsonValueKind.String } name && name.ValueEquals("default") && Member(entry, "template") is { } body)
                return Text(body, file, TemplateMember);
        }

        return null;
    }

    private static string? Token(JsonElement? root, string name)
    {
        if (Member(root, name) is not { } token)
            return null;
        return token.ValueKind != JsonValueKind.Object ? Text(token, ConfigurationFile, name)
            : Member(token, "content") is { } content ? Text(content, ConfigurationFile, name)
            : null;
    }

    private static JsonElement? Member(JsonElement? parent, string name) =>
        parent is { ValueKind: JsonValueKind.Object } element && element.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;

    private static string Text(JsonElement element, string file, string member)
    {
        try
        {
            return element.ValueKind == JsonValueKind.String
                ? element.GetString()!
                : throw new InvalidDataException($"{file}: {member} is a JSON {element.ValueKind}; expected a text. Copy the file again.");
        }
        catch (InvalidOperationException error)
        {
            throw new InvalidDataException($"{file}: {member} holds half a surrogate pair; expected Unicode text. Copy the file again.", error);
        }
    }
}
