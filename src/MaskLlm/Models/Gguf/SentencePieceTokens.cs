using MaskLlm.Tokens;

namespace MaskLlm.Models.Gguf;

/// <summary>Reads a SentencePiece model for llama.cpp, which calls the kind llama.</summary>
internal static class SentencePieceTokens
{
    /// <summary>The pieces with their scores and kinds.</summary>
    /// <param name="file">A <c>tokenizer.model</c>.</param>
    /// <param name="json">What the <c>tokenizer.json</c> beside it says of added tokens and special ones; null where there is none.</param>
    /// <exception cref="NotSupportedException">A model that is not byte-pair, or that changes the text first.</exception>
    internal static GgufTokens Read(string file, TokenizerParts? json)
    {
        SentencePieceModel model = SentencePieceModel.Parse(File.ReadAllBytes(file), file);
        Check(model, file);
        SpecialTemplate template = json?.Template ?? (model.BeginId >= 0 ? new SpecialTemplate([model.BeginId], []) : SpecialTemplate.None);
        GgufTokens tokens = new(file, template, (fields, self) =>
        {
            fields.Add("tokenizer.ggml.model", "llama");
            fields.Add("tokenizer.ggml.pre", "default");
            fields.Add("tokenizer.ggml.add_space_prefix", model.AddsDummyPrefix);
            fields.Add("tokenizer.ggml.scores", self.Scores);
        });
        for (int id = 0; id < model.Pieces.Count; id++) tokens.Set(id, model.Pieces[id].Text, model.Pieces[id].Kind, model.Pieces[id].Score);
        // The model's own control and unknown pieces have their kinds already.
        tokens.SetAdded(json?.AddedTokens.Where(token => token.Id >= model.Pieces.Count || model.Pieces[token.Id].Kind == PieceKind.Normal) ?? []);
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
            throw new NotSupportedException($"{file}: the model {what}, and llama.cpp's SentencePiece does not; its tokens would be others, so nothing is written.");
    }
}
