using System.Globalization;
using MaskLlm.Architectures.Families;
using MaskLlm.Machine;
using MaskLlm.Numerals;
using MaskLlm.Packing;
using MaskLlm.Products;

namespace MaskLlm.Decoding;

/// <summary>Dense against 2:4 in one engine and run, in pairs.</summary>
public static class RuntimeBenchmark
{
    /// <summary>Tokens of each sequence in a measurement.</summary>
    internal const int StepsOfAPair = 4;

    /// <summary>Measures decoding, prefill, file and resident memory.</summary>
    /// <param name="options">What to measure.</param>
    /// <param name="progress">Told what is measured, how many measurements are done and how many there are.</param>
    /// <param name="stop">Stops between two measurements.</param>
    /// <exception cref="ArgumentException">Options out of range, or a model whose layers are all dense.</exception>
    /// <exception cref="InvalidDataException">The model is damaged.</exception>
    public static IReadOnlyList<RuntimeBenchmarkRow> Run(
        RuntimeBenchmarkOptions options, IProgress<Progress>? progress = null, CancellationToken stop = default) =>
        Run(options, TimeProvider.System, progress, stop);

    internal static IReadOnlyList<RuntimeBenchmarkRow> Run(
        RuntimeBenchmarkOptions options, TimeProvider clock, IProgress<Progress>? progress, CancellationToken stop)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        List<RuntimeBenchmarkRow> rows = [];
        foreach (WeightType type in options.Model is null ? options.Types : [TypeOf(options.Model)])
            Measure(options, type, rows, clock, progress, stop);
        return rows;
    }

    /// <summary>How a type is called in figures: f32, bf16, int8, int4.</summary>
    public static string ShortName(WeightType type) => type switch
    {
        WeightType.Float32 => "f32",
        WeightType.BFloat16 => "bf16",
        _ => WeightTypes.NameOf(type),
    };

    private static WeightType TypeOf(string file)
    {
        using RuntimeModel model = RuntimeModel.Open(file);
        return model.SparseLayers > 0 ? model.Type
            : throw new ArgumentException($"{file}: no linear layer is 2:4, so there is nothing to compare; export it with `masks`.");
    }

    private static void Measure(
        RuntimeBenchmarkOptions options, WeightType type, List<RuntimeBenchmarkRow> rows, TimeProvider clock,
        IProgress<Progress>? progress, CancellationToken stop)
    {
        byte[] config = options.Model is null ? ModelShape.ConfigJson(options.Shape!) : ConfigOf(options.Model);
        options = Within(options, ModelFamily.Read(RuntimeFormat.ConfigName, config).MaxPositions);
        progress?.Report(new Progress($"making random {ShortName(type)} weights", 0, 1));
        using BenchmarkedModel first = new(() => RandomModel.Make(config, type, isSparse: false), options);
        using BenchmarkedModel second =
            new(() => options.Model is null ? RandomModel.Make(config, type, isSparse: true) : RuntimeModel.Open(options.Model), options);
        string name = ShortName(type), kernel = second.Kernel;
        List<(string What, int Tokens, Action<BenchmarkedModel> Work)> works =
        [
            .. options.Sequences.Select(count =>
                (Text($"decode {name} x{count}"), count * StepsOfAPair,
                (Action<BenchmarkedModel>)(model => model.Decode(count, StepsOfAPair)))),
            .. options.Prompts.Select(length =>
                (Text($"prefill {name} x{length}"), length, (Action<BenchmarkedModel>)(model => model.Prefill(length)))),
        ];
        for (int i = 0; i < works.Count; i++)
        {
            progress?.Report(new Progress(works[i].What, i, works.Count));
            rows.Add(Pairs(works[i].What, works[i].Tokens, first, second, works[i].Work, options.Repeats, kernel, clock, stop));
        }
        rows.Add(Sizes($"file {name}", first.FileBytes, second.FileBytes, kernel));
        rows.Add(Sizes($"memory {name}", first.ResidentBytes, second.ResidentBytes, kernel));
    }

    /// <summary>A model of few positions is measured at as many as it has.</summary>
    internal static RuntimeBenchmarkOptions Within(RuntimeBenchmarkOptions options, int positions) => options with
    {
        Prompts = [.. options.Prompts.Select(length => Math.Min(length, positions)).Distinct()],
        Context = Math.Clamp(positions - StepsOfAPair, 1, options.Context),
    };

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    private static byte[] ConfigOf(string file)
    {
        using RuntimeModel model = RuntimeModel.Open(file);
        return model.File(RuntimeFormat.ConfigName)!;
    }

    // A pair is measured within a second or so, so that what else the machine does meets both.
    private static RuntimeBenchmarkRow Pairs(
        string what, int tokens, BenchmarkedModel dense, BenchmarkedModel sparse, Action<BenchmarkedModel> work, int repeats, string kernel,
        TimeProvider clock, CancellationToken stop)
    {
        double[] denseSpeeds = new double[repeats], sparseSpeeds = new double[repeats], ratios = new double[repeats];
        work(dense);
        work(sparse);
        for (int i = 0; i < repeats; i++)
        {
            stop.ThrowIfCancellationRequested();
            denseSpeeds[i] = tokens / Seconds(dense, work, clock);
            sparseSpeeds[i] = tokens / Seconds(sparse, work, clock);
            ratios[i] = sparseSpeeds[i] / denseSpeeds[i];
        }
        return new RuntimeBenchmarkRow(what, Median.Of(denseSpeeds), Median.Of(sparseSpeeds), Median.Of(ratios), "tokens/s", kernel);
    }

    private static RuntimeBenchmarkRow Sizes(string what, long dense, long sparse, string kernel) =>
        new(what, dense / 1e6, sparse / 1e6, (double)dense / sparse, "MB", kernel);

    private static double Seconds(BenchmarkedModel model, Action<BenchmarkedModel> work, TimeProvider clock)
    {
        long start = clock.GetTimestamp();
        work(model);
        return clock.GetElapsedTime(start).TotalSeconds;
    }
}
