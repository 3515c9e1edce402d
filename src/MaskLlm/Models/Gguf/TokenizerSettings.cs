using System.Text.Json;
using MaskLlm.Chat;
using MaskLlm.Tokens;

namespace MaskLlm.Models.Gguf;

/// <summary>What the files beside a tokenizer say of special tokens and of chats.</summary>
internal sealed class TokenizerSettings
{
    private readonly string _folder;
    private readonly JsonElement? _tokenizer, _specials, _model;

    /// <summary>Reads them; each may be missing.</summary>
    /// <exception cref="InvalidDataException">One is not JSON.</exception>
    internal TokenizerSettings(string folder)
    {
        _folder = folder;
        _tokenizer = ReadObject("tokenizer_config.json");
        _specials = ReadObject("special_tokens_map.json");
        _model = ReadObject("config.json");
    }

    /// <summary>The chat template, in Jinja; null where there is none.</summary>
    internal string? ChatTemplate => ChatFormat.SourceOf(_folder);

    /// <summary>The text of a special token.</summary>
    /// <param name="kind">bos, eos, unk or pad.</param>
    internal string? SpecialToken(string kind) => TokenText(_tokenizer, kind) ?? TokenText(_specials, kind);

    /// <summary>The id that config.json gives to a special token, the first where there are several.</summary>
    /// <param name="kind">bos, eos, unk or pad.</param>
    internal int? ConfiguredId(string kind) => _model?.Component($"{kind}_token_id") switch
    {
        { ValueKind: JsonValueKind.Number } number => number.GetInt32(),
        { ValueKind: JsonValueKind.Array } numbers when numbers.GetArrayLength() > 0 => numbers[0].GetInt32(),
        _ => null,
    };

    /// <summary>Whether a special token is put around texts; null where no file says.</summary>
    /// <param name="kind">bos or eos.</param>
    internal bool? AddsToken(string kind) => _tokenizer?.Component($"add_{kind}_token")?.GetBoolean();

    // A text, or an object that holds it with options of an added token.
    private static string? TokenText(JsonElement? settings, string kind) => settings?.Component($"{kind}_token") switch
    {
        { ValueKind: JsonValueKind.String } text => text.GetString(),
        { ValueKind: JsonValueKind.Object } token => token.Text("content"),
        _ => null,
    };

    private JsonElement? ReadObject(string name)
    {
        string file = Path.Combine(_folder, name);
        if (!File.Exists(file)) return null;
        try
        {
            using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(file));
            return document.RootElement.ValueKind == JsonValueKind.Object ? document.RootElement.Clone() : null;
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"{file}: not valid JSON ({e.Message}); is the download complete?");
        }
    }
}
