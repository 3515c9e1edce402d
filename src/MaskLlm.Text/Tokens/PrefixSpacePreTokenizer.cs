namespace MaskLlm.Tokens;

/// <summary>Puts a space before each piece that has none, as byte-level tokenizers with a prefix space do.</summary>
internal sealed class PrefixSpacePreTokenizer : PreTokenizer
{
    /// <inheritdoc/>
    public override void Split(in Piece piece, in PieceSink sink) =>
        sink.Emit(piece.Span[0] == ' ' ? piece : new Piece($" {piece.Span}", 0, piece.Length + 1, piece.IsFirst));
}
