namespace MaskLlm.Data;

/// <summary>One file as one stream of token ids.</summary>
public static class WholeTokens
{
    /// <summary>Reads the ids of a <c>.npy</c> file as they are, the rows of a matrix one after the other; any other file is text and encoded at once.</summary>
    /// <param name="path">The file; one that ends in <c>.gz</c> or <c>.zst</c> is decompressed.</param>
    /// <param name="vocabularySize">V; ids of a <c>.npy</c> file are 0 to V - 1.</param>
    /// <param name="encode">Gives the ids of a whole text; not called for a <c>.npy</c> file.</param>
    /// <exception cref="ArgumentException">The path is a folder.</exception>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">The file is empty, damaged or no UTF-8, or an id is outside the vocabulary.</exception>
    /// <exception cref="NotSupportedException">JSON documents, or an array of another type or shape.</exception>
    public static int[] Read(string path, int vocabularySize, Func<string, int[]> encode)
    {
        ArgumentNullException.ThrowIfNull(encode);
        SourceFile file = WholeText.FileAt(path);
        return file.Kind == ContentKind.TokenIds ? ReadIds(file, vocabularySize) : encode(WholeText.Read(file));
    }

    // Grows with what is read, so that a header that promises too much costs nothing.
    private static int[] ReadIds(SourceFile file, int vocabularySize)
    {
        using SourceStream stream = file.Open();
        TokenArray array = TokenArray.Read(stream);
        if (array.Rows * array.Columns > Array.MaxLength)
            throw new InvalidDataException($"{file.Path}: {array.Rows * array.Columns} ids; at most {Array.MaxLength} are read at once. Split the file.");
        List<int> ids = [];
        foreach ((ReadOnlyMemory<int> chunk, _) in new NpyTokens(stream, array, vocabularySize).Read())
            ids.AddRange(chunk.Span);
        return [.. ids];
    }
}
