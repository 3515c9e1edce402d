using System.Text.Json;
using System.Text.Unicode;

namespace MaskLlm.Data;

/// <summary>Reads a text of each line of a <c>.jsonl</c> file.</summary>
internal static class JsonLinesDocuments
{
    /// <summary>One document a line.</summary>
    /// <param name="source">The file.</param>
    /// <param name="column">The member that is the text.</param>
    /// <param name="limitChars">Longer documents are cut.</param>
    /// <exception cref="InvalidDataException">A line is no JSON object with the text; the message names file and line.</exception>
    public static IEnumerable<TextPiece> Read(SourceStream source, string column, int limitChars) =>
        new JsonLines(source).Read().SelectMany(line =>
            DocumentPieces.Split(source.Path, TextOf(source.Path, line.Number, line.Bytes, column), limitChars));

    private static string TextOf(string path, long number, ReadOnlyMemory<byte> line, string column)
    {
        InvalidDataException Bad(string what, Exception? inner = null) => new($"{path}: line {number}: {what}.", inner);
        if (!Utf8.IsValid(line.Span))
            throw Bad("the line is no UTF-8");
        try
        {
            using JsonDocument json = JsonDocument.Parse(line);
            if (json.RootElement.ValueKind != JsonValueKind.Object)
                throw Bad($"found a JSON {json.RootElement.ValueKind}; wanted an object with a \"{column}\"");
            if (!json.RootElement.TryGetProperty(column, out JsonElement text))
                throw Bad($"the object has no \"{column}\"; wanted {{\"{column}\": \"...\"}}, or another `TextColumn`");
            return text.ValueKind == JsonValueKind.String ? text.GetString()!
                : throw Bad($"\"{column}\" is a JSON {text.ValueKind}; wanted a string");
        }
        catch (JsonException e)
        {
            throw Bad($"the line is no JSON, at byte {e.BytePositionInLine}; wanted one object a line", e);
        }
        catch (InvalidOperationException e)
        {
            throw Bad($"\"{column}\" holds half a surrogate pair, which no text can be", e);
        }
    }
}
