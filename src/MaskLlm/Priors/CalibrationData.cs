using MaskLlm.Data;
using MaskLlm.Models;
using MaskLlm.Runs;
using MaskLlm.Tokens;

namespace MaskLlm.Priors;

/// <summary>The sequences that data-driven pruning looks at.</summary>
internal static class CalibrationData
{
    /// <summary>From one <c>.npy</c> its ids in order, cut into sequences; from text sequences drawn by the seed.</summary>
    /// <exception cref="ArgumentException">No data, fewer ids than asked for, or sequences longer than the model takes.</exception>
    internal static IReadOnlyList<int[]> Read(PruneRequest request, DecoderConfig config, IProgress<RunProgress>? progress, CancellationToken cancellation)
    {
        if (request.Data is null) throw new ArgumentException($"--method {request.Method} looks at activations; give it text or token ids with --data.");
        int length = request.SequenceLength, samples = request.Samples;
        if (length < 1 || length > config.MaxPositions) throw new ArgumentException($"--seq-len is {length}; 1 to {config.MaxPositions}, the model's positions, is needed.");
        if (samples < 1) throw new ArgumentException($"--samples is {samples}; at least 1 is needed.");
        Tokenizer tokenizer = ModelTokenizer.Load(request.Model, config);
        if (request.Data.Sources is [{ Path: var path }] && path.EndsWith(".npy", StringComparison.OrdinalIgnoreCase))
            return Cut(path, WholeTokens.Read(path, config.VocabularySize, text => tokenizer.Encode(text)), length, samples);
        using Corpus corpus = Corpus.Open(
            request.Data with { HeldOutFraction = 0 }, ModelTokenizer.Encoding(request.Model, tokenizer, config), new TokenisingProgress(progress), cancellation);
        int[] ids = new int[samples * (length + 1)];
        corpus.Batches(samples, length, request.Seed).Fill(0, ids);
        return [.. ids.Chunk(length + 1).Select(row => row[..length])];
    }

    private static int[][] Cut(string path, int[] ids, int length, int samples)
    {
        if (ids.Length < (long)length * samples)
            throw new ArgumentException($"{path}: {ids.Length} ids; {samples} sequences of {length} need {(long)length * samples}. Lower --samples or --seq-len.");
        return [.. ids.Chunk(length).Take(samples)];
    }
}
