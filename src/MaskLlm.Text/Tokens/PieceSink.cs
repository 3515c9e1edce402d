namespace MaskLlm.Tokens;

/// <summary>Where a step hands its pieces on: the next step, or the model after the last one.</summary>
internal readonly struct PieceSink(IReadOnlyList<PreTokenizer> steps, int next, BpeModel model, IdBuffer ids)
{
    /// <summary>Runs what follows on one piece.</summary>
    public void Emit(in Piece piece)
    {
        if (piece.Length == 0)
            return;
        if (next == steps.Count)
            model.Append(piece.Span, ids);
        else
            steps[next].Split(piece, new PieceSink(steps, next + 1, model, ids));
    }
}
