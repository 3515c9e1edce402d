using System.Text.Json;
using MaskLlm.Tokens;

namespace MaskLlm.Models.Gguf;

/// <summary>Reads a byte-level tokenizer.json for llama.cpp, which calls the kind gpt2.</summary>
internal static class ByteLevelTokens
{
    /// <summary>The tokens, merges and the name of the split.</summary>
    /// <param name="file">Path, for messages.</param>
    /// <param name="json">The file.</param>
    /// <param name="parts">What our reader made of it.</param>
    /// <param name="notes">Gets a sentence for what llama.cpp leaves out.</param>
    internal static GgufTokens Read(string file, byte[] json, TokenizerParts parts, List<string> notes)
    {
        using JsonDocument document = JsonDocument.Parse(json.AsMemory(json.AsSpan().StartsWith("\uFEFF"u8) ? 3 : 0));
        string split = SplitName.Of(file, document.RootElement.Component("pre_tokenizer"), parts.Vocabulary.IgnoresMerges);
        NoteNormalizer(file, parts.Normalizer, notes);
        NoteAddedTokens(file, parts.AddedTokens, notes);
        string[] merges = Merges(parts.Vocabulary);
        GgufTokens tokens = new(file, parts.Template, (fields, _) =>
        {
            fields.Add("tokenizer.ggml.model", "gpt2");
            fields.Add("tokenizer.ggml.pre", split);
            fields.Add("tokenizer.ggml.merges", merges);
        });
        foreach ((string text, int id) in parts.Vocabulary.Ids) tokens.Set(id, text, PieceKind.Normal);
        tokens.SetAdded(parts.AddedTokens);
        return tokens;
    }

    private static string[] Merges(Vocabulary vocabulary)
    {
        Dictionary<int, string> texts = vocabulary.Ids.ToDictionary(pair => pair.Value, pair => pair.Key);
        return [.. vocabulary.Merges.OrderBy(merge => merge.Rank).Select(merge => $"{texts[merge.Left]} {texts[merge.Right]}")];
    }

    private static void NoteNormalizer(string file, Normalizer? normalizer, List<string> notes)
    {
        if (normalizer is null) return;
        if (normalizer is not Normalizer.Nfc)
            throw new NotSupportedException($"{file}: the normalizer changes the text before it is split, and llama.cpp does not; only NFC can be left out.");
        notes.Add($"{file} composes characters (NFC) and llama.cpp does not: texts in another form get other tokens.");
    }

    private static void NoteAddedTokens(string file, IReadOnlyList<AddedToken> added, List<string> notes)
    {
        if (added.FirstOrDefault(token => token.SingleWord || token.StripsLeft || token.StripsRight) is { } token)
            notes.Add($"{file}: '{token.Content}' takes white space along or is a whole word only, which llama.cpp does not know: some texts get other tokens.");
    }
}
