using MaskLlm.Formats.Gguf;
using MaskLlm.Tokens;

namespace MaskLlm.Models.Gguf;

/// <summary>The tokenizer and the chat template of a checkpoint as keys of a GGUF file.</summary>
internal static class GgufTokenizer
{
    private const string JsonName = "tokenizer.json", ModelName = "tokenizer.model";

    /// <summary>Adds what llama.cpp needs to split text as the checkpoint's tokenizer does.</summary>
    /// <param name="fields">Where to.</param>
    /// <param name="notes">Gets a sentence where some texts are split otherwise, or no text can be.</param>
    /// <param name="folder">The checkpoint.</param>
    /// <param name="vocabularySize">V, the rows of the embedding: the tokens that the file must have.</param>
    /// <exception cref="InvalidDataException">A tokenizer file is broken, or has tokens beyond the embedding.</exception>
    /// <exception cref="NotSupportedException">llama.cpp splits no text as this tokenizer does.</exception>
    internal static void Describe(GgufFields fields, List<string> notes, string folder, int vocabularySize)
    {
        if (Read(folder, notes) is not { } tokens)
        {
            notes.Add($"{folder} has no {JsonName} and no {ModelName}, so the file has no tokenizer: programs must give llama.cpp token ids.");
            fields.Add("tokenizer.ggml.model", "no_vocab");
            return;
        }
        TokenizerSettings settings = new(folder);
        tokens.Fit(vocabularySize);
        tokens.Describe(fields);
        SpecialIds.Describe(fields, settings, tokens);
        if (settings.ChatTemplate is { } template) fields.Add("tokenizer.chat_template", template);
    }

    private static GgufTokens? Read(string folder, List<string> notes)
    {
        (string json, string model) = (Path.Combine(folder, JsonName), Path.Combine(folder, ModelName));
        if (!File.Exists(json)) return File.Exists(model) ? SentencePieceTokens.Read(model, null) : null;
        byte[] bytes = File.ReadAllBytes(json);
        TokenizerParts parts = TokenizerJsonReader.Read(bytes, json);
        if (parts.Vocabulary.IsByteLevel) return ByteLevelTokens.Read(json, bytes, parts, notes);
        if (File.Exists(model)) return SentencePieceTokens.Read(model, parts);
        throw new NotSupportedException(
            $"{json}: the tokenizer was made from a SentencePiece model, and llama.cpp needs the scores in it; copy {ModelName} of the checkpoint into the folder.");
    }
}
