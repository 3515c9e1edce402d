namespace MaskLlm.Data;

/// <summary>The training stream of one source cut into sequences of length + 1 ids: inputs and shifted targets.</summary>
/// <remarks>
/// Sequences begin every length ids, so each id but the first is a target once. Rows of exactly length + 1 ids are sequences as they are.
/// What does not fill a sequence at the end is left out.
/// </remarks>
internal sealed class SourceSequences
{
    private readonly TokenRanges _training;
    private readonly int _stride;

    /// <summary>Cuts a stream.</summary>
    /// <param name="training">The stream.</param>
    /// <param name="rowTokens">Ids in each row where all have one width; 0 otherwise.</param>
    /// <param name="sequenceLength">Targets in a sequence.</param>
    public SourceSequences(TokenRanges training, long rowTokens, int sequenceLength)
    {
        _training = training;
        _stride = rowTokens == sequenceLength + 1 ? sequenceLength + 1 : sequenceLength;
        long lastStart = training.Length - (sequenceLength + 1);
        Count = lastStart < 0 ? 0 : (lastStart / _stride) + 1;
    }

    /// <summary>Sequences in the stream.</summary>
    public long Count { get; }

    /// <summary>Copies a sequence.</summary>
    public void Read(long sequence, Span<int> ids) => _training.Read(sequence * _stride, ids);
}
