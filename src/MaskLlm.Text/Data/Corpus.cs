using MaskLlm.Machine;

namespace MaskLlm.Data;

/// <summary>
/// Token ids of one or more sources, blended by weight and split into training and held-out data. They lie in files and are read
/// where they are asked for: a corpus may be larger than memory.
/// </summary>
public sealed class Corpus : IDisposable
{
    private readonly IReadOnlyList<TokenFile> _files;
    private readonly HeldOutSplit[] _splits;

    private Corpus(IReadOnlyList<TokenFile> files, HeldOutSplit[] splits, IReadOnlyList<CorpusSource> sources)
    {
        _files = files;
        _splits = splits;
        Sources = sources;
    }

    /// <summary>The sources, in the order of the options.</summary>
    public IReadOnlyList<CorpusSource> Sources { get; }

    /// <summary>
    /// Opens the sources: UTF-8 text (any name), <c>.jsonl</c> with a <c>text</c> a line, <c>.npy</c> with token ids; <c>.gz</c> and
    /// <c>.zst</c> of
    /// these; folders and globs of them. What is not in the cache for these contents, tokenizer and separators is tokenised and put there.
    /// </summary>
    /// <remarks>
    /// A document is encoded as a whole up to 4,194,304 characters; a longer one in pieces, cut after a blank line or a line. The separator
    /// id goes
    /// before each document. A <c>.npy</c> of one dimension is one document; of two, its rows are documents; no separator id is added to
    /// them.
    /// </remarks>
    /// <param name="options">What to read.</param>
    /// <param name="encoding">The tokenizer.</param>
    /// <param name="progress">Told of the tokenising, several times a source; nothing for cached sources.</param>
    /// <param name="cancellationToken">Ends the work; the cache then holds whole files only.</param>
    /// <exception cref="ArgumentException">The options contradict each other.</exception>
    /// <exception cref="FileNotFoundException">A file is missing, or a folder or glob holds none.</exception>
    /// <exception cref="InvalidDataException">A file is damaged, no UTF-8, no JSON or empty, or ids are outside the vocabulary.</exception>
    /// <exception cref="NotSupportedException">A <c>.npy</c> file of another type, order or number of dimensions.</exception>
    /// <exception cref="OperationCanceledException">The work was ended.</exception>
    public static Corpus Open(CorpusOptions options, TokenEncoding encoding, IProgress<Progress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        options.Validate();
        encoding.Validate();
        // all paths are checked before any work
        SourceFiles[] sources = [.. options.Sources.Select(source => SourceFiles.Find(source.Path))];
        TokenCache cache = new(options, encoding, progress);
        List<TokenFile> files = [];
        try
        {
            List<string[]> hashes = [];
            foreach (SourceFiles source in sources)
            {
                string[] fileHashes = source.Hashes(cancellationToken);
                hashes.Add(fileHashes);
                files.Add(cache.Open(source, fileHashes, cancellationToken));
            }

            HeldOutSplit[] splits = HeldOutSplit.Of(files, options);
            return new Corpus(files, splits, Describe(options.Sources, sources, files, splits, hashes));
        }
        catch
        {
            files.ForEach(file => file.Dispose());
            throw;
        }
    }

    /// <summary>Batches of the training data.</summary>
    /// <param name="batchSize">Sequences in a batch.</param>
    /// <param name="sequenceLength">Targets in a sequence.</param>
    /// <param name="seed">Decides the order; another seed, another order.</param>
    /// <exception cref="ArgumentException">A size is not above 0.</exception>
    /// <exception cref="InvalidDataException">A source has fewer training tokens than one sequence takes.</exception>
    public BatchSampler Batches(int batchSize, int sequenceLength, ulong seed)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(batchSize);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(sequenceLength);
        SourceSequences[] sequences =
            [.. _splits.Select((split, i) => new SourceSequences(split.Training, _files[i].RowTokens, sequenceLength))];
        int tooShort = Array.FindIndex(sequences, source => source.Count == 0);
        if (tooShort >= 0)
            throw new InvalidDataException(
                $"{Sources[tooShort].Path}: {Sources[tooShort].Tokens} training tokens; one sequence takes {sequenceLength + 1L}. Give "
                + $"more text, or shorter sequences.");
        return new BatchSampler(sequences, [.. Sources.Select(source => source.Weight)], batchSize, sequenceLength, seed);
    }

    /// <summary>Windows of the held-out data, not overlapping, spread over the sources by weight; always the same ones.</summary>
    /// <param name="sequenceLength">Ids in a window.</param>
    /// <param name="maxWindows">Most windows; there are fewer where the held-out data end, none where they are shorter than a
    /// window.</param>
    /// <returns>Windows of <paramref name="sequenceLength"/> ids.</returns>
    /// <exception cref="ArgumentException">The length is not above 0, or the number is negative.</exception>
    public IReadOnlyList<int[]> HeldOutWindows(int sequenceLength, int maxWindows)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(sequenceLength);
        ArgumentOutOfRangeException.ThrowIfNegative(maxWindows);
        TokenRanges[] heldOut = [.. _splits.Select(split => split.HeldOut)];
        return Data.HeldOutWindows.Read(heldOut, [.. Sources.Select(source => source.Weight)], sequenceLength, maxWindows);
    }

    /// <summary>Closes the files; samplers of this corpus cannot be used afterwards.</summary>
    public void Dispose()
    {
        foreach (TokenFile file in _files)
            file.Dispose();
    }

    private static CorpusSource[] Describe(
        IReadOnlyList<DataSource> sources, SourceFiles[] found, List<TokenFile> files, HeldOutSplit[] splits, List<string[]> hashes)
    {
        double[] weights = [.. sources.Select((source, i) => source.Weight ?? splits[i].Training.Length)];
        double sum = weights.Sum();
        return [.. sources.Select((source, i) => new CorpusSource(
            source.Path, files[i].DocumentCount, splits[i].Training.Length, splits[i].HeldOut.Length, weights[i] / sum,
                SourceFiles.Combine(hashes[i]))
            {
                FileHashes = found[i].ByPath(hashes[i]),
            })];
    }
}
