using System.Text;

namespace MaskLlm.Data;

/// <summary>One text file as one string: strict UTF-8, no newline translated; a byte order mark at the start is dropped.</summary>
public static class WholeText
{
    private const int LongestChars = 1 << 29; // half of what a .NET string can hold
    private const int ChunkChars = 1 << 16;

    /// <summary>Reads a text file; one that ends in <c>.gz</c> or <c>.zst</c> is decompressed.</summary>
    /// <param name="path">The file; may be a pipe.</param>
    /// <param name="cancellation">Stops the wait for a pipe.</param>
    /// <exception cref="ArgumentException">The path is a folder.</exception>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">The file is empty, no UTF-8, damaged, or too long for one string.</exception>
    /// <exception cref="NotSupportedException">The name says that the file holds JSON documents or token ids.</exception>
    public static string Read(string path, CancellationToken cancellation = default) => Read(FileAt(path), cancellation);

    internal static SourceFile FileAt(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (File.Exists(path))
            return SourceFile.At(path);
        if (Directory.Exists(path))
            throw new ArgumentException($"{path}: a folder; one file is needed.");
        throw new FileNotFoundException($"{path}: no such file. Check the path; it is taken from {Environment.CurrentDirectory}.", path);
    }

    internal static string Read(SourceFile file, CancellationToken cancellation)
    {
        if (file.Kind != ContentKind.Text)
            throw new NotSupportedException(
                $"{file.Path}: {(file.Kind == ContentKind.TokenIds ? "token ids" : "many documents")}; one text is needed, as "
                + $"plain text, .gz or .zst.");
        using SourceStream stream = file.OpenOnce(cancellation);
        Utf8Text decoder = new(stream);
        StringBuilder text = new();
        char[] chunk = new char[ChunkChars];
        for (int count; (count = decoder.Read(chunk)) > 0;)
        {
            text.Append(chunk, 0, count);
            if (text.Length > LongestChars)
                throw new InvalidDataException(
                    $"{file.Path}: more than {LongestChars} characters; one text is read at once. Split the file.");
        }

        return text.Length > 0 ? text.ToString() : throw new InvalidDataException($"{file.Path}: the file is empty; text is needed.");
    }
}
