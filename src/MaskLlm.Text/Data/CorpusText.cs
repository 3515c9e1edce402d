namespace MaskLlm.Data;

/// <summary>The text of a corpus before any tokenizer: what a tokenizer is trained on.</summary>
public static class CorpusText
{
    /// <summary>Reads the documents of all text sources, one after the other; very long ones come in pieces.</summary>
    /// <param name="options">What to read.</param>
    /// <exception cref="ArgumentException">The options contradict each other.</exception>
    /// <exception cref="FileNotFoundException">A file is missing, or a folder or glob holds none.</exception>
    /// <exception cref="InvalidDataException">A file is damaged, no UTF-8 or no JSON, or holds token ids.</exception>
    public static IEnumerable<string> Documents(CorpusOptions options)
    {
        options.Validate();
        return options.Sources.SelectMany(source => SourceFiles.Find(source.Path).Files)
            .SelectMany(file => Documents(file, options));
    }

    private static IEnumerable<string> Documents(SourceFile file, CorpusOptions options)
    {
        if (file.Kind == ContentKind.TokenIds)
            throw new InvalidDataException($"{file.Path}: token ids; a tokenizer is trained on text.");
        using SourceStream stream = file.Open();
        foreach (TextPiece piece in SourceDocuments.Read(stream, file.Kind, options)) yield return piece.Text;
    }
}
