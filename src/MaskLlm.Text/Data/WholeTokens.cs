using MaskLlm.Formats;

namespace MaskLlm.Data;

/// <summary>One file as one stream of token ids.</summary>
public static class WholeTokens
{
    // A token of a window is predicted from those before it.
    private const int ShortestRow = 2;

    /// <summary>Reads the ids of a <c>.npy</c> file as they are, the rows of a matrix one after the other; any other file is text and
    /// encoded at once.</summary>
    /// <param name="path">The file; one that ends in <c>.gz</c> or <c>.zst</c> is decompressed.</param>
    /// <param name="vocabularySize">V; ids of a <c>.npy</c> file are 0 to V - 1.</param>
    /// <param name="encode">Gives the ids of a whole text; not called for a <c>.npy</c> file.</param>
    /// <param name="cancellation">Stops the wait for a pipe.</param>
    /// <exception cref="ArgumentException">The path is a folder.</exception>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">The file is empty, damaged or no UTF-8, or an id is outside the vocabulary, or the text
    /// cannot be encoded.</exception>
    /// <exception cref="NotSupportedException">JSON documents, or an array of another type or shape.</exception>
    public static int[] Read(string path, int vocabularySize, Func<string, int[]> encode, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(encode);
        SourceFile file = WholeText.FileAt(path);
        if (file.Kind == ContentKind.TokenIds) return ReadIds(file, vocabularySize, cancellation);
        string text = WholeText.Read(file, cancellation);
        try
        {
            return encode(text);
        }
        catch (ArgumentException e)
        {
            throw new InvalidDataException($"{path}: {e.Message}", e);
        }
    }

    /// <summary>The first rows of a file that is a matrix of ids.</summary>
    /// <param name="path">A file of any kind.</param>
    /// <param name="vocabularySize">V; ids are 0 to V - 1.</param>
    /// <param name="most">Most rows.</param>
    /// <returns>Rows of one length, in order; null where the file is no <c>.npy</c>, or one stream of ids.</returns>
    internal static int[][]? ReadRows(string path, int vocabularySize, int most)
    {
        if (!File.Exists(path) || SourceFile.At(path) is not { Kind: ContentKind.TokenIds } file) return null;
        using SourceStream stream = file.Open();
        TokenArray array = TokenArray.Read(stream);
        if (!array.IsMatrix) return null;
        List<List<int>> rows = [];
        foreach ((ReadOnlyMemory<int> chunk, bool startsRow) in new NpyTokens(stream, array, vocabularySize).Read())
        {
            if (startsRow && rows.Count == most) break;
            if (startsRow) rows.Add([]);
            rows[^1].AddRange(chunk.Span);
        }
        return [.. rows.Select(row => row.ToArray())];
    }

    /// <summary>The length of the rows of a file that is a matrix of ids; null where it is anything else.</summary>
    /// <param name="path">A file of any kind.</param>
    /// <param name="longest">Longer rows count as none.</param>
    internal static int? RowLength(string path, int longest)
    {
        // A pipe gives its bytes once.
        if (!File.Exists(path) || FileIdentity.Of(path) is { IsRegular: false }) return null;
        if (SourceFile.At(path) is not { Kind: ContentKind.TokenIds } file) return null;
        using SourceStream stream = file.Open();
        TokenArray array = TokenArray.Read(stream);
        return array.IsMatrix && array.Columns >= ShortestRow && array.Columns <= longest ? (int)array.Columns : null;
    }

    // Grows with what is read, so that a header that promises too much costs nothing.
    private static int[] ReadIds(SourceFile file, int vocabularySize, CancellationToken cancellation)
    {
        using SourceStream stream = file.OpenOnce(cancellation);
        TokenArray array = TokenArray.Read(stream);
        if (array.Rows * array.Columns > Array.MaxLength)
            throw new InvalidDataException(
                $"{file.Path}: {array.Rows * array.Columns} ids; at most {Array.MaxLength} are read at once. Split the file.");
        List<int> ids = [];
        foreach ((ReadOnlyMemory<int> chunk, _) in new NpyTokens(stream, array, vocabularySize).Read())
            ids.AddRange(chunk.Span);
        return [.. ids];
    }
}
