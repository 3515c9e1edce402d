using System.Globalization;
using MaskLlm.Numerals;

namespace MaskLlm.Decoding;

/// <summary>A model under measurement: its decoder, sequences at a fixed position, and the memory that it took.</summary>
internal sealed class BenchmarkedModel : IDisposable
{
    private readonly RuntimeModel _model;
    private readonly int _context;

    internal BenchmarkedModel(Func<RuntimeModel> open, RuntimeBenchmarkOptions options)
    {
        long before = ResidentNow();
        _model = open();
        _context = options.Context;
        int atOnce = options.Prompts.Append(options.Context).Concat(options.Sequences).Max();
        Decoder = new RuntimeDecoder(_model, new RuntimeDecoderOptions { Threads = options.Threads, TokensAtOnce = atOnce });
        foreach (int _ in Enumerable.Range(0, options.Sequences.DefaultIfEmpty().Max())) Caches.Add(Filled());
        ResidentBytes = ResidentNow() - before;
    }

    internal RuntimeDecoder Decoder { get; }

    /// <summary>Sequences that stand at the context; decoding puts them back there first.</summary>
    internal List<KeyValueCache> Caches { get; } = [];

    /// <summary>What the process's resident memory grew by, from opening to having run every weight.</summary>
    internal long ResidentBytes { get; }

    /// <summary>Linear layers that are 2:4.</summary>
    internal int SparseLayers => _model.SparseLayers;

    /// <summary>Bytes of the model's file.</summary>
    internal long FileBytes => _model.FileBytes;

    internal string Kernel => string.Create(
        CultureInfo.InvariantCulture,
        $"{Decoder.Kernel}, {Decoder.Threads} threads: {_model.SparseLayers} of {_model.LinearLayers} layers 2:4, head dense");

    /// <summary>Some tokens of each of the first sequences.</summary>
    internal void Decode(int sequences, int steps)
    {
        Span<BatchToken> batch = new BatchToken[sequences];
        for (int i = 0; i < sequences; i++)
        {
            Caches[i].Truncate(_context);
            batch[i] = new BatchToken(Caches[i], i % Decoder.VocabularySize, WantsLogits: true);
        }
        for (int step = 0; step < steps; step++) Decoder.Forward(batch);
        for (int i = 0; i < sequences; i++) RequireLogits(i, _context + steps - 1);
    }

    /// <summary>A prompt of a new sequence, with the logits after it.</summary>
    internal void Prefill(int length)
    {
        using KeyValueCache cache = Decoder.StartSequence();
        Decoder.Forward(Prompt(cache, length));
        RequireLogits(0, length - 1);
    }

    public void Dispose()
    {
        foreach (KeyValueCache cache in Caches) cache.Dispose();
        Decoder.Dispose();
        _model.Dispose();
    }

    private KeyValueCache Filled()
    {
        KeyValueCache cache = Decoder.StartSequence();
        Decoder.Forward(Prompt(cache, _context));
        RequireLogits(0, _context - 1);
        return cache;
    }

    // Times of NaN are times of nothing; to look takes a thousandth of a step.
    private void RequireLogits(int wanted, int position) => Finite.RequireLogits(Decoder.Logits(wanted), position);

    private BatchToken[] Prompt(KeyValueCache cache, int length) =>
        [.. Enumerable.Range(0, length).Select(i => new BatchToken(cache, i % Decoder.VocabularySize, WantsLogits: i == length - 1))];

    private static long ResidentNow() => Environment.WorkingSet;
}
