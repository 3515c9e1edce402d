using MaskLlm.Data;
using MaskLlm.Tokens;

namespace MaskLlm.Models;

/// <summary>The tokenizer of a checkpoint, held against its model.</summary>
public static class ModelTokenizer
{
    /// <summary>Loads <c>tokenizer.json</c> or <c>tokenizer.model</c>.</summary>
    /// <param name="folder">A Hugging Face folder.</param>
    /// <param name="config">The configuration of the model in it.</param>
    /// <exception cref="FileNotFoundException">The folder has no tokenizer.</exception>
    /// <exception cref="InvalidDataException">The tokenizer is broken, or it gives ids that the model has no embedding for.</exception>
    /// <exception cref="NotSupportedException">A kind of tokenizer that is not known.</exception>
    public static Tokenizer Load(string folder, DecoderConfig config)
    {
        Tokenizer tokenizer = Tokenizer.Load(folder);
        if (tokenizer.VocabularySize > config.VocabularySize)
            throw new InvalidDataException(
                $"{folder}: the tokenizer has ids up to {tokenizer.VocabularySize - 1} and the model {config.VocabularySize} embeddings; they belong to different checkpoints.");
        return tokenizer;
    }

    /// <summary>What a corpus needs to know to tokenise for the model.</summary>
    /// <param name="folder">A Hugging Face folder.</param>
    /// <param name="tokenizer">Its tokenizer.</param>
    /// <param name="config">The configuration of the model in it.</param>
    internal static TokenEncoding Encoding(string folder, Tokenizer tokenizer, DecoderConfig config) =>
        new(text => tokenizer.Encode(text), tokenizer.Hash, config.VocabularySize, SeparatorId(folder, tokenizer));

    /// <summary>The token that separates documents: the end-of-text token that the checkpoint names, or null where it names none.</summary>
    /// <param name="folder">A Hugging Face folder.</param>
    /// <param name="tokenizer">Its tokenizer.</param>
    /// <exception cref="InvalidDataException">config.json is broken.</exception>
    public static int? SeparatorId(string folder, Tokenizer tokenizer)
    {
        int? id = Families.ModelFamily.EndOfTextId(folder);
        return id < tokenizer.VocabularySize ? id : null;
    }
}
