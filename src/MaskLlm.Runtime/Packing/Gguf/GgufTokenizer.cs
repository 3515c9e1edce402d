using MaskLlm.Chat;
using MaskLlm.Formats.Gguf;
using MaskLlm.Tokens;

namespace MaskLlm.Packing.Gguf;

/// <summary>The tokenizer and the chat template of a checkpoint as keys of a GGUF file.</summary>
internal static class GgufTokenizer
{
    /// <summary>Adds what llama.cpp needs to split text as the checkpoint's tokenizer does.</summary>
    /// <param name="fields">Where to.</param>
    /// <param name="notes">Gets a sentence where some texts are split otherwise, or no text can be.</param>
    /// <param name="folder">The checkpoint.</param>
    /// <param name="vocabularySize">V, the rows of the embedding: the tokens that the file has.</param>
    /// <exception cref="InvalidDataException">A tokenizer file is broken.</exception>
    /// <exception cref="NotSupportedException">llama.cpp splits no text as this tokenizer does.</exception>
    internal static void Describe(GgufFields fields, List<string> notes, string folder, int vocabularySize)
    {
        TokenizerFiles files = TokenizerFiles.In(folder);
        if (TokenizerSource.Find(files) is not { } source)
        {
            notes.Add($"{folder} has no {TokenizerFiles.Json} and no {TokenizerFiles.Model}, so the file has no tokenizer: programs must "
                + $"give llama.cpp token ids.");
            fields.Add("tokenizer.ggml.model", "no_vocab");
            return;
        }
        GgufTokens tokens = Read(files, source, vocabularySize, notes);
        NoteAddedTokens(source, notes);
        tokens.Fit(notes);
        tokens.Describe(fields);
        SpecialIds.Describe(fields, notes, source, vocabularySize);
        if (ChatFormat.SourceOf(folder) is { } template) fields.Add("tokenizer.chat_template", template);
    }

    private static GgufTokens Read(TokenizerFiles files, TokenizerSource source, int vocabularySize, List<string> notes)
    {
        if (source is { IsJson: true, Parts.Vocabulary: { IsByteLevel: true } or { HasSpelledBytes: true } })
            return ByteLevelTokens.Read(source, vocabularySize, notes);
        if (files.Open(TokenizerFiles.Model) is { } model)
            return SentencePieceTokens.Read(files.PathOf(TokenizerFiles.Model), model, source, vocabularySize, notes);
        throw new NotSupportedException(
            $"{source.File}: the tokenizer was made from a SentencePiece model, and llama.cpp needs the scores in it; copy "
                + $"{TokenizerFiles.Model} of the checkpoint into the folder.");
    }

    private static void NoteAddedTokens(TokenizerSource source, List<string> notes)
    {
        if (source.Parts.AddedTokens.FirstOrDefault(token => token.SingleWord || token.StripsLeft || token.StripsRight) is { } token)
            notes.Add($"{source.File}: '{token.Content}' takes white space along or is a whole word only, which llama.cpp does not know: "
                + $"some texts get other tokens.");
    }
}
