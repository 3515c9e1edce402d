namespace MaskLlm.Tokens;

/// <summary>A step that cuts a piece into smaller ones; each kind is one of Hugging Face's pre-tokenizers.</summary>
internal abstract class PreTokenizer
{
    /// <summary>
    /// True where the step's own cuts depend on single characters only, so that cutting its input at a place
    /// where the text is cut later anyway changes nothing.
    /// </summary>
    public virtual bool IsCharacterLocal => false;

    /// <summary>True where every place that <see cref="WordScanner.IsAlwaysAnEnd"/> names ends a piece of this step.</summary>
    public virtual bool EndsBetweenLetterAndSpace => false;

    /// <summary>Hands the parts of <paramref name="piece"/> on in order; empty ones vanish.</summary>
    public abstract void Split(in Piece piece, in PieceSink sink);
}
