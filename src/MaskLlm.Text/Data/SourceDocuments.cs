using MaskLlm.Formats.Parquet;

namespace MaskLlm.Data;

/// <summary>The documents of a file of any kind but token ids.</summary>
internal static class SourceDocuments
{
    internal static IEnumerable<TextPiece> Read(SourceStream stream, ContentKind kind, CorpusOptions options) => kind switch
    {
        ContentKind.JsonLines => JsonLinesDocuments.Read(stream, options.TextColumn, DocumentPieces.LimitChars),
        ContentKind.Parquet => ParquetTable.Texts(stream.Path, options.TextColumn)
            .SelectMany(text => DocumentPieces.Split(stream.Path, text, DocumentPieces.LimitChars)),
        _ => TextDocuments.Read(stream, options.DocumentSeparator, DocumentPieces.LimitChars),
    };
}
