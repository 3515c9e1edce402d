using MaskLlm.Architectures;
using MaskLlm.Tokens;

namespace MaskLlm.Data;

/// <summary>The tokenizer of a checkpoint, with the model that it is for.</summary>
public static class ModelTokenizer
{
    // In place of a tokenizer's hash.
    private const string IdsAlone = "token-ids";

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

    /// <summary>What a corpus needs to know to tokenise for the model. Where all of it is token ids, no tokenizer is looked for.</summary>
    /// <param name="folder">A Hugging Face folder.</param>
    /// <param name="config">The configuration of the model in it.</param>
    /// <param name="data">What is tokenised.</param>
    /// <exception cref="FileNotFoundException">There is text and no tokenizer; or a source is missing.</exception>
    internal static TokenEncoding Encoding(string folder, DecoderConfig config, CorpusOptions data)
    {
        if (data.Sources.All(source => SourceFiles.Find(source.Path).HasOnlyIds))
            return new(_ => throw new InvalidOperationException("token ids are not encoded"), IdsAlone, config.VocabularySize, null);
        Tokenizer tokenizer = Load(folder, config);
        return new(text => tokenizer.Encode(text), tokenizer.Hash, config.VocabularySize, tokenizer.SeparatorId < config.VocabularySize
            ? tokenizer.SeparatorId : null);
    }
}
