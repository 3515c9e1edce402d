using MaskLlm.Tokens;

namespace MaskLlm.Packing.Gguf;

/// <summary>Reads a SentencePiece model for llama.cpp, which calls the kind llama.</summary>
internal static class SentencePieceTokens
{
    /// <summary>The pieces with their scores and kinds.</summary>
    /// <param name="file">Path of a <c>tokenizer.model</c>, for messages.</param>
    /// <param name="bytes">The file.</param>
    /// <param name="source">What the checkpoint's files together say of added tokens.</param>
    /// <param name="vocabularySize">V, the rows of the embedding.</param>
    /// <param name="notes">Gets a sentence for what llama.cpp does otherwise.</param>
    /// <exception cref="NotSupportedException">A model that is not byte-pair, or that changes the text first.</exception>
    internal static GgufTokens Read(string file, byte[] bytes, TokenizerSource source, int vocabularySize, List<string> notes)
    {
        SentencePieceModel model = SentencePieceModel.Parse(bytes, file);
        Check(model, file);
        if (!source.IsJson && !source.Settings.IsLegacy)
            notes.Add($"{file}: text after a special token gets no space in front (legacy is false), and llama.cpp puts one there: some "
                + $"texts get other tokens.");
        GgufTokens tokens = new(file, vocabularySize, (fields, self) =>
        {
            fields.Add("tokenizer.ggml.model", "llama");
            fields.Add("tokenizer.ggml.pre", "default");
            fields.Add("tokenizer.ggml.add_space_prefix", model.AddsDummyPrefix);
            fields.Add("tokenizer.ggml.scores", self.Scores);
        });
        for (int id = model.Pieces.Count - 1; id >= 0; id--)
            tokens.Set(id, model.Pieces[id].Text, model.Pieces[id].Kind, model.Pieces[id].Score);
        // The model's own control and unknown pieces have their kinds already; a file may give their ids to other texts.
        tokens.SetAdded(source.Parts.AddedTokens.Where(token =>
            token.Id >= model.Pieces.Count || model.Pieces[token.Id] is var piece
                && (piece.Kind == PieceKind.Normal || piece.Text != token.Content)));
        return tokens;
    }

    private static void Check(SentencePieceModel model, string file)
    {
        string? what = model switch
        {
            { IsBytePair: false } => "is not byte-pair (BPE)",
            { HasCharacterMap: true } => "maps characters first",
            { RemovesExtraSpaces: true } => "removes extra spaces",
            { EscapesSpaces: false } => "keeps spaces as they are",
            _ => null,
        };
        if (what is not null)
            throw new NotSupportedException(
                $"{file}: the model {what}, and llama.cpp's SentencePiece does not; its tokens would be others, so nothing is written.");
    }
}
