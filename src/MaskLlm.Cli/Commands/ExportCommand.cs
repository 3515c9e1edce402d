using System.CommandLine;
using System.Globalization;
using MaskLlm.Architectures;
using MaskLlm.Cli.Output;
using MaskLlm.Decoding;
using MaskLlm.Formats.Gguf;
using MaskLlm.Masks;
using MaskLlm.Models;
using MaskLlm.Packing;
using MaskLlm.Products;
using MaskLlm.Rounding;

namespace MaskLlm.Cli.Commands;

/// <summary><c>maskllm export</c>.</summary>
internal static class ExportCommand
{
    private const string RuntimeName = "runtime", GgufName = "gguf";

    internal static Command Create(CancellationToken stop)
    {
        Argument<string> model = SharedOptions.Model();
        Option<string> format = new("--format")
        {
            Description = $"{RuntimeName}: one file for generate, serve and bench. {GgufName}: for llama.cpp, which computes pruned "
                + $"weights as zeros.",
            DefaultValueFactory = _ => RuntimeName,
        };
        Option<string?> mask = new("--mask")
        {
            Description = "A mask.npz of this model, 2:4 for runtime; without it, layers whose weights "
            + "are 2:4 already are stored so."
        };
        Option<string?> type = new("--type")
        {
            Description = $"How weights are stored. {RuntimeName}: float32, bfloat16 (default), int8, "
            + $"int4. {GgufName}: {GgufTypes.Known}; bf16 by default."
        };
        Option<string[]> data = SharedOptions.Data(required: false);
        data.Description = "For int4: text on which the layers' outputs are to change least. " + data.Description;
        Option<string?> separator = SharedOptions.DocumentSeparator();
        Option<string> column = SharedOptions.TextColumn();
        Option<int> samples = SharedOptions.Samples("Sequences of the data.");
        Option<int?> length = SharedOptions.CalibrationLength();
        Option<ulong> seed = SharedOptions.Seed();
        Option<int?> threads = SharedOptions.Threads();
        Option[] calibration = [separator, column, samples, length, seed, threads];
        Option<string> output = new("--out") { Description = "The file to write.", Required = true };
        Option<bool> force = new("--force") { Description = "Replace the file that --out names." };
        Command command = new("export", "Write one file that this program's CPU runtime, or llama.cpp, loads.") { model, format, mask, type,
            data, output, force };
        foreach (Option option in calibration) command.Options.Add(option);
        command.SetAction(parsed =>
        {
            string source = parsed.GetValue(model)!, target = parsed.GetValue(output)!;
            ExportTarget.Require(target, parsed.GetValue(force), source, parsed.GetValue(mask));
            string[] texts = parsed.GetValue(data) ?? [];
            RequireCalibrated(parsed, calibration, texts, parsed.GetValue(format), parsed.GetValue(type));
            Func<IReadOnlyDictionary<string, Mask>?> masks = () => parsed.GetValue(mask) is { } file ? CheckpointMasks.Read(file, source)
                : null;
            using ProgressLine progress = new(parsed.InvocationConfiguration.Error);
            string summary = parsed.GetValue(format) switch
            {
                RuntimeName when texts.Length > 0 => Rounded(),
                RuntimeName => Runtime(source, masks, parsed.GetValue(type), target, progress, stop),
                GgufName => Gguf(source, masks, parsed.GetValue(type), target, progress, parsed.InvocationConfiguration.Error, stop),
                string other => throw new ArgumentException($"--format {other}: {RuntimeName} or {GgufName} is expected."),
                null => throw new ArgumentException($"--format: {RuntimeName} or {GgufName} is expected."),
            };
            parsed.InvocationConfiguration.Output.WriteLine(summary);
            return ExitCode.Done;

            string Rounded()
            {
                int used = TorchRuntime.Start(parsed.GetValue(threads));
                CalibratedExport.Write(new CalibratedExportRequest
                {
                    Model = source,
                    Mask = parsed.GetValue(mask),
                    Data = SharedOptions.Corpus(texts, parsed.GetValue(separator), parsed.GetValue(column), used),
                    Samples = parsed.GetValue(samples),
                    SequenceLength = parsed.GetValue(length),
                    Seed = parsed.GetValue(seed),
                    Out = target,
                }, progress, progress.Note, stop);
                return Summary(target, WeightType.Int4, progress);
            }
        });
        return command;
    }

    private static string Runtime(string source, Func<IReadOnlyDictionary<string, Mask>?> masks, string? type, string target,
        ProgressLine progress, CancellationToken stop)
    {
        WeightType weights = type is null ? WeightType.BFloat16 : WeightTypes.Parse(type);
        RuntimeExport.Write(source, masks(), weights, target, progress, stop);
        if (weights == WeightType.Int4)
            progress.Note("every weight went to the nearest value; --data TEXT rounds them together, which loses less (docs/runtime.md).");
        return Summary(target, weights, progress);
    }

    // What would have no effect is said.
    private static void RequireCalibrated(ParseResult parsed, Option[] calibration, string[] texts, string? format, string? type)
    {
        if (texts.Length > 0 && (format != RuntimeName || type != WeightTypes.NameOf(WeightType.Int4)))
            throw new ArgumentException(
                $"--data {texts[0]}: only int4 of {RuntimeName} is rounded on text; add --type int4, or leave it out.");
        foreach (Option option in calibration)
            if (texts.Length == 0 && parsed.GetResult(option) is { Implicit: false })
                throw new ArgumentException($"{option.Name} says how --data is read, and there is none; name text, or leave it out.");
    }

    private static string Summary(string target, WeightType weights, ProgressLine progress)
    {
        using RuntimeModel written = RuntimeModel.Open(target, map: true);
        if (!written.HasTokenizer)
            progress.Note("the checkpoint has no tokenizer, nor has the file: eval takes token ids, and generate and serve need one.");
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{target}: {written.FileBytes / 1e6:0.0} MB, {written.SparseLayers} of {written.LinearLayers} linear layers 2:4, " +
            $"which take {written.LinearBytes / 1e6:0.0} MB in {WeightTypes.NameOf(weights)} " +
            $"({(double)written.LinearBytes / written.DenseLinearBytes:0.000} of dense)");
    }

    private static string Gguf(
        string source, Func<IReadOnlyDictionary<string, Mask>?> masks, string? type, string target, ProgressLine progress,
            TextWriter notes, CancellationToken stop)
    {
        GgufType weights = GgufType.BFloat16;
        if (type is not null && !GgufTypes.TryParse(type, out weights))
            throw new ArgumentException($"--type {type}: {GgufTypes.Known} are known in {GgufName}.");
        GgufReport report = GgufExport.Write(source, masks(), weights, target, progress, stop);
        foreach (string note in report.Notes) notes.WriteLine(note);
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{target}: {report.Bytes / 1e6:0.0} MB, "
                + $"{string.Join(", ", report.TensorCounts.Select(count => $"{count.Value} tensors in {count.Key.Spelling()}"))}");
    }
}
