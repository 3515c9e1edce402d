using MaskLlm.Architectures;
using MaskLlm.Data;
using MaskLlm.Machine;
using MaskLlm.Numerals;

namespace MaskLlm.Priors;

/// <summary>The sequences that data-driven pruning looks at.</summary>
internal static class CalibrationData
{
    private const int DefaultLength = 256;

    /// <summary>
    /// The rows of a matrix of ids that is the only source, in order; of one stream of ids pieces, in order; of anything else
    /// sequences drawn by the seed.
    /// </summary>
    /// <returns>At most <see cref="PruneRequest.Samples"/> sequences of one length.</returns>
    /// <exception cref="ArgumentException">No data, fewer ids than asked for, or sequences longer than the model takes.</exception>
    internal static Calibration Read(PruneRequest request, DecoderConfig config, IProgress<Progress>? progress,
        CancellationToken cancellation)
    {
        if (request.Data is null)
            throw new ArgumentException(
                (request.UpdateWeights == WeightUpdate.Exact ? "`UpdateWeights`" : $"`Method` {request.Method}")
                + (request.How.Solves ? " solves for weights" : " looks at activations") + "; give it text or token ids with `Data`.");
        int length = request.SequenceLength ?? Math.Min(DefaultLength, config.MaxPositions), samples = request.Samples;
        if (length < 1 || length > config.MaxPositions)
            throw new ArgumentException($"`SequenceLength` is {length}; 1 to {config.MaxPositions}, the model's positions, is needed.");
        OptionRanges.Samples.Require(samples);
        string? only = request.Data.Sources is [{ Path: var path }] ? path : null;
        if (only is not null && WholeTokens.ReadRows(only, config.VocabularySize, samples) is { } rows)
            return new(Rows(only, rows, request.SequenceLength, config),
                [IdsOf(only, rows.Length, rows.Length * (long)rows[0].Length, cancellation)]);
        if (only is not null && only.EndsWith(".npy", StringComparison.OrdinalIgnoreCase))
        {
            int[] stream = WholeTokens.Read(only, config.VocabularySize, text => ModelTokenizer.Load(request.Model, config).Encode(text),
                cancellation);
            return new(Cut(only, stream, length, samples), [IdsOf(only, 1, stream.Length, cancellation)]);
        }
        using Corpus corpus = Corpus.Open(
            request.Data with { HeldOutFraction = 0 }, ModelTokenizer.Encoding(request.Model, config, request.Data),
                progress, cancellation);
        int[] ids = new int[samples * (length + 1)];
        corpus.Batches(samples, length, request.Seed).Fill(0, ids);
        return new([.. ids.Chunk(length + 1).Select(row => row[..length])], corpus.Sources);
    }

    private static CorpusSource IdsOf(string path, long documents, long tokens, CancellationToken cancellation)
    {
        SourceFiles files = SourceFiles.Find(path);
        string[] hashes = files.Hashes(cancellation);
        return new CorpusSource(path, documents, tokens, HeldOutTokens: 0, Weight: 1,
            SourceFiles.Combine(hashes))
        { FileHashes = files.ByPath(hashes) };
    }

    private static int[][] Rows(string path, int[][] rows, int? asked, DecoderConfig config)
    {
        int length = rows[0].Length;
        if (length > config.MaxPositions)
            throw new ArgumentException($"{path}: rows of {length} ids; the model has {config.MaxPositions} positions. Save shorter rows.");
        if (asked is { } other && other != length)
            throw new ArgumentException($"`SequenceLength` is {other}, and the rows of {path} have {length} ids, each one a "
                + $"sequence; leave `SequenceLength` out.");
        return rows;
    }

    private static int[][] Cut(string path, int[] ids, int length, int samples)
    {
        if (ids.Length < (long)length * samples)
            throw new ArgumentException($"{path}: {ids.Length} ids; {samples} sequences of {length} need {(long)length * samples}. Lower "
                + $"`Samples` or `SequenceLength`.");
        return [.. ids.Chunk(length).Take(samples)];
    }
}
