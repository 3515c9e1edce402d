using System.CommandLine;
using System.Globalization;
using MaskLlm.Cli.Output;
using MaskLlm.Decoding;
using MaskLlm.Distributed;
using MaskLlm.Evaluation;
using MaskLlm.Measures;
using MaskLlm.Models;
using MaskLlm.Numerals;

namespace MaskLlm.Cli.Commands;

/// <summary><c>maskllm eval</c>.</summary>
internal static class EvalCommand
{
    internal static Command Create(Ranks ranks, CancellationToken stop)
    {
        Argument<string> model = new("MODEL")
        {
            Description = "A Hugging Face folder, or a runtime file of `maskllm export`, which the "
            + "CPU runtime evaluates."
        };
        Option<string[]> masks = new("--mask") { Description = "For a folder: a mask.npz of it; may be repeated, one row each." };
        Option<string?> data = new("--data") { Description = "One text file (UTF-8; .gz and .zst too), or a .npy of token ids." };
        Option<int?> length = NumberOption.Optional(OptionRanges.Window,
            "Tokens a window; by default a row of a .npy of rows, else the model's positions, at most 2048.");
        Option<int?> windows = NumberOption.Optional(OptionRanges.MaxWindows, "Only the first this many windows; all by default.");
        TaskOptions tasks = new();
        Option<string?> log = new("--log-samples")
        {
            Description = "A new file that takes a line of JSON for each document of the tasks: what was asked, likelihoods, right or "
                + "wrong."
        };
        Option<bool?> stream = SharedOptions.Stream();
        Option<int?> threads = SharedOptions.Threads();
        Option<bool> json = SharedOptions.Json();
        Command command = new("eval", "Measure the perplexity of a model and its accuracy in tasks, dense and under masks.")
        {
            model, masks, data, length, windows, tasks.Names, tasks.Folder, tasks.Limit, log, stream, threads, json,
        };
        command.SetAction(parsed =>
        {
            EvaluationRequest request = new()
            {
                Model = parsed.GetValue(model)!,
                Data = parsed.GetValue(data),
                Tasks = tasks.Of(parsed),
                LogSamples = parsed.GetValue(log),
                Masks = parsed.GetValue(masks) ?? [],
                SequenceLength = parsed.GetValue(length),
                MaxWindows = parsed.GetValue(windows),
                Stream = parsed.GetValue(stream),
            };
            EvaluationReport report;
            using (ProgressLine progress = new(parsed.InvocationConfiguration.Error))
                report = Evaluate(request, ranks, parsed.GetValue(threads), progress, stop);
            if (report.Rows[0].Result is { } first && request.MaxWindows > first.Windows)
                parsed.InvocationConfiguration.Error.WriteLine(
                    string.Create(CultureInfo.InvariantCulture,
                    $"{request.Data} has {first.Windows} windows of {report.SequenceLength} tokens, not "
                    + $"{request.MaxWindows}; all are measured."));
            if (parsed.GetValue(json)) JsonOutput.Print(parsed.InvocationConfiguration.Output, report.ToJson());
            else EvaluationTable.Print(parsed.InvocationConfiguration.Output, report);
            return ExitCode.Done;
        });
        return command;
    }

    // A runtime file needs no libtorch.
    private static EvaluationReport Evaluate(EvaluationRequest request, Ranks ranks, int? threads, ProgressLine progress,
        CancellationToken stop)
    {
        if (File.Exists(request.Model) && ranks.Size > 1)
            throw new ArgumentException($"{request.Model} is a runtime file, which one process evaluates; start it without mpirun.");
        if (File.Exists(request.Model)) return RuntimeEvaluation.Run(request, threads, progress, stop);
        TorchRuntime.Start(threads ?? ranks.Threads);
        return MaskEvaluation.Run(request, ranks, progress, progress.Note, stop);
    }
}
