using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using MaskLlm.Json;

namespace MaskLlm.Chat;

/// <summary>How a checkpoint wants its conversations: the template, and the tokens that it names.</summary>
/// <remarks>A template that cannot be read stops chats and nothing else: it is <see cref="Problem"/>, and the error of every
/// rendering.</remarks>
public sealed class ChatFormat
{
    private const string ConfigurationFile = "tokenizer_config.json";
    private const string TemplateMember = "chat_template";
    private readonly ChatTemplate? _template;
    private readonly Exception? _error;

    private ChatFormat(ChatTemplate? template, Exception? error, IReadOnlyDictionary<string, JsonNode?> specialTokens)
    {
        _template = template;
        _error = error;
        SpecialTokens = specialTokens;
    }

    /// <summary>The files that <see cref="Read"/> may ask for: who carries a checkpoint about carries these.</summary>
    public static IReadOnlyList<string> FileNames { get; } = ["chat_template.jinja", "chat_template.json", ConfigurationFile];

    /// <summary>What templates are given beside the conversation: <c>bos_token</c> and its like with their texts,
    /// <c>additional_special_tokens</c> with several.</summary>
    public IReadOnlyDictionary<string, JsonNode?> SpecialTokens { get; }

    /// <summary>Why chats will fail, all of them or those that come to some branch, as a sentence; null where nothing is known against the
    /// template.</summary>
    public string? Problem => _error?.Message ?? _template!.Unsupported;

    /// <summary>Reads the format from files that are anywhere; null where there is no template.</summary>
    /// <param name="open">Gives the bytes of a file of <see cref="FileNames"/>, or null where there is none.</param>
    /// <param name="specialTokens">What <see cref="SpecialTokens"/> are to be: those of the checkpoint's tokenizer.</param>
    /// <exception cref="InvalidDataException">The tokenizer's configuration is damaged. A template that is, is
    /// <see cref="Problem"/>.</exception>
    public static ChatFormat? Read(Func<string, byte[]?> open, IReadOnlyDictionary<string, JsonNode?> specialTokens)
    {
        ArgumentNullException.ThrowIfNull(open);
        ArgumentNullException.ThrowIfNull(specialTokens);
        JsonElement? configuration = ReadJson(open, ConfigurationFile);
        try
        {
            return Source(open, configuration) is { } source ? new ChatFormat(ChatTemplate.Parse(source), null, specialTokens) : null;
        }
        catch (Exception error) when (error is InvalidDataException or NotSupportedException)
        {
            return new ChatFormat(null, error, specialTokens);
        }
    }

    /// <summary>Renders a conversation with the checkpoint's tokens.</summary>
    /// <param name="messages">The turns so far, the oldest first.</param>
    /// <param name="addGenerationPrompt">True to end with what begins the assistant's next turn.</param>
    /// <exception cref="ArgumentException">The template is none, refuses the messages, fails with them, or reaches a limit.</exception>
    /// <exception cref="NotSupportedException">The template uses something that is not supported; the message names it.</exception>
    public string Render(IReadOnlyList<ChatMessage> messages, bool addGenerationPrompt)
    {
        ArgumentNullException.ThrowIfNull(messages);
        JsonArray turns = [.. messages.Select(Turn)];
        return Render(new JsonObject { ["messages"] = turns, ["add_generation_prompt"] = addGenerationPrompt });
    }

    /// <summary>Renders what a request says, with the checkpoint's tokens where it says nothing of them.</summary>
    /// <param name="variables">What the template reads: <c>messages</c>, <c>add_generation_prompt</c>, and <c>tools</c>, <c>documents</c>
    /// and others where there are any.</param>
    /// <exception cref="ArgumentException">The template is none, refuses the messages, fails with them, or reaches a limit.</exception>
    /// <exception cref="NotSupportedException">The template uses something that is not supported; the message names it.</exception>
    public string Render(IEnumerable<KeyValuePair<string, JsonNode?>> variables)
    {
        ArgumentNullException.ThrowIfNull(variables);
        if (_template is not null)
            return _template.Render(SpecialTokens.Concat(variables));
        throw _error is NotSupportedException ? new NotSupportedException(_error.Message, _error)
            : new ArgumentException(_error!.Message, _error);
    }

    private static JsonObject Turn(ChatMessage message)
    {
        JsonObject turn = new() { ["role"] = message.Role, ["content"] = message.Content };
        foreach ((string name, JsonNode? value) in message.Members) turn[name] = value?.DeepClone();
        return turn;
    }

    /// <summary>The text of a checkpoint's template, which may be no template; null where there is none, or none that is text.</summary>
    /// <exception cref="InvalidDataException">The tokenizer's configuration is damaged.</exception>
    internal static string? SourceOf(string folder)
    {
        byte[]? Open(string name) => Bytes(folder, name);
        JsonElement? configuration = ReadJson(Open, ConfigurationFile);
        try
        {
            return Source(Open, configuration);
        }
        catch (InvalidDataException)
        {
            return null;
        }
    }

    private static byte[]? Bytes(string folder, string name) => Path.Combine(folder, name) is var file && File.Exists(file)
        ? JsonSource.ReadFile(file) : null;

    private static string? Source(Func<string, byte[]?> open, JsonElement? configuration) =>
        ReadText(open, FileNames[0]) ?? Source(ReadJson(open, FileNames[1]), FileNames[1]) ?? Source(configuration, ConfigurationFile);

    private static string? ReadText(Func<string, byte[]?> open, string name)
    {
        if (open(name) is not { } bytes)
            return null;
        // As a template it would be a text, and the prompt of every chat.
        if (JsonSource.IsPointer(bytes))
            throw new InvalidDataException($"{name}: a pointer of Git LFS and not the file itself. Fetch it with `git lfs pull`.");
        try
        {
            string text = new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(bytes);
            return text.StartsWith('\uFEFF') ? text[1..] : text;
        }
        catch (DecoderFallbackException error)
        {
            throw new InvalidDataException($"{name}: the bytes at {error.Index} are no UTF-8. Save the file as UTF-8, or copy it again.",
                error);
        }
    }

    private static JsonElement? ReadJson(Func<string, byte[]?> open, string name)
    {
        if (ReadText(open, name) is not { } text)
            return null;
        try
        {
            using JsonDocument document = JsonDocument.Parse(text);
            return document.RootElement.ValueKind == JsonValueKind.Object
                ? document.RootElement.Clone()
                : throw new InvalidDataException(
                    $"{name}: found a JSON {document.RootElement.ValueKind}; expected an object. Copy the file again.");
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
        foreach (JsonElement entry in template.EnumerateArray())
        {
            if (Member(entry, "name") is { ValueKind: JsonValueKind.String } name && name.ValueEquals("default")
                && Member(entry, "template") is { } body)
                return Text(body, file, TemplateMember);
        }

        return null;
    }

    private static JsonElement? Member(JsonElement? parent, string name) =>
        parent is { ValueKind: JsonValueKind.Object } element && element.TryGetProperty(name, out JsonElement value)
            && value.ValueKind != JsonValueKind.Null ? value : null;

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
            throw new InvalidDataException($"{file}: {member} holds half a surrogate pair; expected Unicode text. Copy the file again.",
                error);
        }
    }
}
