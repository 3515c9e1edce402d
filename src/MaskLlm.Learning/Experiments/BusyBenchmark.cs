using System.Diagnostics;
using MaskLlm.Architectures;
using MaskLlm.Decoding;
using MaskLlm.Evaluation;
using MaskLlm.Json;
using MaskLlm.Learning;
using MaskLlm.Machine;
using MaskLlm.Models;
using MaskLlm.Numerals;
using MaskLlm.Priors;
using MaskLlm.Products;
using TorchSharp;
using static TorchSharp.torch;

namespace MaskLlm.Experiments;

/// <summary>How much of its speed each kind of work keeps on a machine where other processes work too: pairs of both in one run.</summary>
public sealed class BusyBenchmark
{
    private const int Sequences = 8, LongestSequence = 256, TokensOfADecode = 16;

    private readonly BusyBenchmarkOptions _options;
    private readonly IProgress<Progress>? _progress;
    private readonly CancellationToken _cancellation;
    private readonly List<BusyBenchmarkRow> _rows = [];

    private BusyBenchmark(BusyBenchmarkOptions options, IProgress<Progress>? progress, CancellationToken cancellation)
    {
        options.Validate();
        (_options, _progress, _cancellation) = (options, progress, cancellation);
    }

    /// <summary>Measures learning steps, perplexity, pruning by SparseGPT and decoding. Token ids are made up: time does not depend on
    /// them.</summary>
    /// <param name="options">Model and neighbours.</param>
    /// <param name="progress">Told of every measurement.</param>
    /// <param name="cancellation">Stops after a measurement.</param>
    /// <exception cref="ArgumentException">Options make no sense.</exception>
    /// <exception cref="InvalidDataException">The model is broken.</exception>
    /// <exception cref="OperationCanceledException">Stopped.</exception>
    public static IReadOnlyList<BusyBenchmarkRow> Run(
        BusyBenchmarkOptions options, IProgress<Progress>? progress = null, CancellationToken cancellation = default)
    {
        BusyBenchmark benchmark = new(options, progress, cancellation);
        benchmark.MeasureTensors();
        benchmark.MeasureDecoding();
        return benchmark._rows;
    }

    /// <summary>Rows of tokens, each with the one after its window, which fits into the model's positions.</summary>
    internal static int[] Ids(DecoderConfig config) =>
    [
        .. Enumerable.Range(0, Sequences * (Math.Min(LongestSequence, config.MaxPositions - 1) + 1))
            .Select(i => (int)(i * 7919L % config.VocabularySize)),
    ];

    private void MeasureTensors()
    {
        using Decoder model = Checkpoint.Load(_options.Model, keepBFloat16: true);
        int[] ids = Ids(model.Config);
        int length = ids.Length / Sequences - 1;
        List<int[]> windows = [.. ids.Chunk(length + 1).Select(row => row[..length])];
        LearnOptions learning = LearnOptions.Of(Recipe.Distilled) with
        {
            BatchSize = Sequences,
            SequenceLength = length,
            ScoreStrength = 0
        };
        using (MaskLearner learner = new(model, learning, null))
        {
            using DisposeScope scope = NewDisposeScope();
            (Tensor inputs, Tensor targets) = TokenBatch.Split(ids, Sequences, model.Device);
            Measure("learn", Sequences * length, () => learner.Step(0, inputs, targets));
        }
        Measure("eval", Sequences * length, () => Perplexity.OfWindows(model, windows, cancellation: _cancellation));
        IReadOnlyList<LinearLayer> layers = MaskLearner.SelectLayers(model, learning);
        Measure("prune", Sequences * length, () =>
            OneShot.Prune(model, new PruneMethod(PruneRun.SparseGptMethod, learning.Pattern), layers, windows, null, _cancellation));
    }

    private void MeasureDecoding()
    {
        byte[] config = JsonSource.ReadFile(Path.Combine(_options.Model, "config.json"));
        using BenchmarkedModel model = new(
            () => RandomModel.Make(config, WeightType.BFloat16, isSparse: false),
            new RuntimeBenchmarkOptions
            {
                Model = "random weights",
                Threads = _options.Threads,
                Sequences = [1],
                Prompts = [],
                Context = 16
            });
        Measure("decode", TokensOfADecode, () => model.Decode(1, TokensOfADecode));
    }

    private void Measure(string what, int tokens, Action work)
    {
        work();
        double[] quiet = new double[_options.Repeats], busy = new double[_options.Repeats], ratios = new double[_options.Repeats];
        for (int i = 0; i < _options.Repeats; i++)
        {
            _progress?.Report(new Progress($"{what}, quiet and beside other work", i, _options.Repeats));
            quiet[i] = Speed(tokens, work);
            using (new BusyNeighbour(_options.Processes)) busy[i] = Speed(tokens, work);
            ratios[i] = busy[i] / quiet[i];
        }
        _rows.Add(new BusyBenchmarkRow(what, Median.Of(quiet), Median.Of(busy), Median.Of(ratios)));
    }

    private double Speed(int tokens, Action work)
    {
        long begin = Stopwatch.GetTimestamp(), done = 0;
        do
        {
            _cancellation.ThrowIfCancellationRequested();
            work();
            done += tokens;
        }
        while (Stopwatch.GetElapsedTime(begin).TotalSeconds < _options.Seconds);
        return done / Stopwatch.GetElapsedTime(begin).TotalSeconds;
    }
}
