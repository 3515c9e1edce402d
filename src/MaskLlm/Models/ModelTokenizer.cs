using MaskLlm.Data;
using MaskLlm.Tokens;

namespace MaskLlm.Models;

/// <summary>The tokenizer of a checkpoint, with the model that it is for.</summary>
public static class ModelTokenizer
{
    /// <summary>
    /// Loads <c>tokenizer.json</c> or <c>tokenizer.model</c> with what the files beside it say. Tokens beyond the model's embedding
    /// are no fault; a text that has one is refused.
    /// </summary>
    /// <param name="folder">A Hugging Face folder.</param>
    /// <param name="config">The configuration of the model in it.</param>
    /// <exception cref="FileNotFoundException">The folder has no tokenizer.</exception>
    /// <exception cref="InvalidDataException">A file of the tokenizer is broken.</exception>
    /// <exception cref="NotSupportedException">A kind of tokenizer that is not known.</exception>
    public static Tokenizer Load(string folder, DecoderConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        return Tokenizer.Load(folder, config.VocabularySize);
    }

    /// <summary>What a corpus needs to know to tokenise for the model.</summary>
    /// <param name="tokenizer">Of the model.</param>
    /// <param name="config">The configuration of the model.</param>
    internal static TokenEncoding Encoding(Tokenizer tokenizer, DecoderConfig config) => new(
        text => tokenizer.Encode(text), tokenizer.Hash, config.VocabularySize, tokenizer.SeparatorId < config.VocabularySize ? tokenizer.SeparatorId : null);
}
