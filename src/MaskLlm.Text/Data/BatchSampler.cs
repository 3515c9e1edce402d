namespace MaskLlm.Data;

/// <summary>
/// Batches for training. Each sequence's source is drawn by weight; each source's sequences are shuffled anew for every pass, without
/// repetition within one. A batch depends on the seed and the step alone: resuming needs no state, and any thread gets the same.
/// </summary>
/// <remarks>Valid while its <see cref="Corpus"/> is open.</remarks>
public sealed class BatchSampler
{
    private const ulong KeyMark = 0x6174616461746164; // keeps these random numbers apart from others of the same seed
    private readonly SourceSequences[] _sources;
    private readonly double[] _weights;
    private readonly SourceSchedule _schedule;
    private readonly ulong _key;

    internal BatchSampler(SourceSequences[] sources, double[] weights, int batchSize, int sequenceLength, ulong seed)
    {
        _sources = sources;
        _weights = weights;
        _key = seed ^ KeyMark;
        _schedule = new SourceSchedule(weights, _key);
        BatchSize = batchSize;
        SequenceLength = sequenceLength;
    }

    /// <summary>Sequences in a batch.</summary>
    public int BatchSize { get; }

    /// <summary>Targets in a sequence; it takes one id more.</summary>
    public int SequenceLength { get; }

    /// <summary>Different sequences in all sources together.</summary>
    public long SequencesAvailable => _sources.Sum(source => source.Count);

    /// <summary>Targets in all of them: <see cref="SequencesAvailable"/> times <see cref="SequenceLength"/>.</summary>
    public long TokensAvailable => SequencesAvailable * SequenceLength;

    /// <summary>How often the most used source is passed over in a run, in expectation; above 1, data repeat.</summary>
    /// <param name="steps">Batches in the run.</param>
    /// <returns>Passes over the source whose share in the blend is largest for its size.</returns>
    public double EpochsNeeded(long steps)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(steps);
        double draws = (double)steps * BatchSize;
        return _sources.Zip(_weights, (source, weight) => draws * weight / source.Count).Max();
    }

    /// <summary>Writes the batch of a step.</summary>
    /// <param name="step">Number of the batch, from 0.</param>
    /// <param name="tokens">Takes <see cref="BatchSize"/> rows of <see cref="SequenceLength"/> + 1 ids: the inputs are all but the last of
    /// a row, the targets all but the first.</param>
    /// <exception cref="ArgumentException">The step is negative, or the span has another length.</exception>
    /// <exception cref="ObjectDisposedException">The corpus is closed.</exception>
    public void Fill(long step, Span<int> tokens)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(step);
        int rowLength = SequenceLength + 1;
        if (tokens.Length != BatchSize * rowLength)
            throw new ArgumentException($"The span takes {tokens.Length} ids; wanted {BatchSize} rows of {rowLength}.", nameof(tokens));
        long draw = checked(step * BatchSize);
        long[] counts = _schedule.CountsBefore(draw);
        for (int row = 0; row < BatchSize; row++)
        {
            int source = _schedule.SourceOf(draw + row);
            ReadDraw(source, counts[source]++, tokens.Slice(row * rowLength, rowLength));
        }
    }

    private void ReadDraw(int source, long ordinal, Span<int> row)
    {
        SourceSequences sequences = _sources[source];
        (long epoch, long place) = Math.DivRem(ordinal, sequences.Count);
        ulong domain = (ulong)(source + 1) << 8 | 1UL << 63;
        sequences.Read(new SequencePermutation(sequences.Count, _key, domain, epoch)[place], row);
    }
}
