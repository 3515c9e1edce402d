using MaskLlm.Json;
using MaskLlm.Tokens;

namespace MaskLlm.Packing.Gguf;

/// <summary>Reads a byte-level tokenizer.json for llama.cpp, which calls the kind gpt2.</summary>
internal static class ByteLevelTokens
{
    /// <summary>The tokens, merges and the name of the split.</summary>
    /// <param name="source">The tokenizer.</param>
    /// <param name="vocabularySize">V, the rows of the embedding.</param>
    /// <param name="notes">Gets a sentence for what llama.cpp leaves out.</param>
    internal static GgufTokens Read(TokenizerSource source, int vocabularySize, List<string> notes)
    {
        TokenizerParts parts = source.Parts;
        JsonValue json = JsonValue.Parse(source.File, source.Bytes.ToArray());
        string split = SplitName.Of(source.File, json.Member("pre_tokenizer"), parts.Vocabulary.IgnoresMerges);
        if (parts.PreTokenizers.Any(step => step is PrefixSpacePreTokenizer))
            throw new NotSupportedException(
                $"{source.File}: {TokenizerFiles.Configuration} beside it puts a space in front of text, and llama.cpp does not; its "
                + $"tokens would be others, so nothing is written.");
        NoteNormalizer(source.File, parts.Normalizer, notes);
        string[] merges = Merges(parts.Vocabulary);
        GgufTokens tokens = new(source.File, vocabularySize, (fields, _) =>
        {
            fields.Add("tokenizer.ggml.model", "gpt2");
            fields.Add("tokenizer.ggml.pre", split);
            fields.Add("tokenizer.ggml.merges", merges);
        });
        HashSet<string> added = [.. parts.AddedTokens.Select(token => token.Content)];
        foreach ((string text, int id) in parts.Vocabulary.Ids.OrderByDescending(entry => entry.Value))
            if (!added.Contains(text)) tokens.Set(id, text, PieceKind.Normal);
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
            throw new NotSupportedException(
                $"{file}: the normalizer changes the text before it is split, and llama.cpp does not; only NFC can be left out.");
        notes.Add($"{file} composes characters (NFC) and llama.cpp does not: texts in another form get other tokens.");
    }
}
