namespace MaskLlm.Data;

/// <summary>How far the tokenising of a source has come; sources that are cached report nothing.</summary>
/// <param name="Path">The source, as the user named it.</param>
/// <param name="BytesRead">Bytes of its files read so far, as they lie on disk.</param>
/// <param name="BytesTotal">Bytes of its files in all.</param>
/// <param name="Tokens">Tokens written so far.</param>
public sealed record CorpusProgress(string Path, long BytesRead, long BytesTotal, long Tokens);
