using System.Text;

namespace MaskLlm.Tokens;

/// <summary>Writes the bytes of a piece as <see cref="ByteSymbols"/>, for steps that cut between these.</summary>
internal sealed class ByteSymbolsPreTokenizer : PreTokenizer
{
    /// <inheritdoc/>
    public override void Split(in Piece piece, in PieceSink sink)
    {
        byte[] bytes = new byte[Encoding.UTF8.GetByteCount(piece.Span)];
        Encoding.UTF8.GetBytes(piece.Span, bytes);
        sink.Emit(new Piece(ByteSymbols.Spell(bytes), 0, bytes.Length, piece.IsFirst));
    }
}
