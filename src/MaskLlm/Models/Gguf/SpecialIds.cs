using MaskLlm.Formats.Gguf;

namespace MaskLlm.Models.Gguf;

/// <summary>The ids of tokens with a meaning, and which of them go around a text.</summary>
internal static class SpecialIds
{
    private static readonly (string Kind, string Key)[] Keys =
        [("bos", "bos_token_id"), ("eos", "eos_token_id"), ("unk", "unknown_token_id"), ("pad", "padding_token_id")];

    /// <summary>Adds the ids that the checkpoint names and that its tokenizer has.</summary>
    internal static void Describe(GgufFields fields, TokenizerSettings settings, GgufTokens tokens)
    {
        Dictionary<string, int> ids = [];
        foreach ((string kind, string key) in Keys)
        {
            if (Id(kind, settings, tokens) is not { } id) continue;
            ids[kind] = id;
            fields.Add($"tokenizer.ggml.{key}", id);
        }
        // Said either way: left out, llama.cpp's own default for the kind of tokenizer would hold.
        fields.Add("tokenizer.ggml.add_bos_token", Adds("bos", tokens.Template.Before, settings, ids));
        fields.Add("tokenizer.ggml.add_eos_token", Adds("eos", tokens.Template.After, settings, ids));
    }

    private static int? Id(string kind, TokenizerSettings settings, GgufTokens tokens)
    {
        if (settings.SpecialToken(kind) is { } text && tokens.IdOf(text) is { } named) return named;
        return settings.ConfiguredId(kind) is { } configured && tokens.Has(configured) ? configured : null;
    }

    private static bool Adds(string kind, IReadOnlyList<int> around, TokenizerSettings settings, Dictionary<string, int> ids) =>
        ids.TryGetValue(kind, out int id) && (settings.AddsToken(kind) ?? around.Contains(id));
}
