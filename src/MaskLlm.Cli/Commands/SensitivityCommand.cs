using System.CommandLine;
using System.Globalization;
using MaskLlm.Cli.Output;
using MaskLlm.Evaluation;
using MaskLlm.Models;
using MaskLlm.Numerals;
using MaskLlm.Patterns;
using MaskLlm.Priors;

namespace MaskLlm.Cli.Commands;

/// <summary><c>maskllm sensitivity</c>.</summary>
internal static class SensitivityCommand
{
    internal static Command Create(CancellationToken stop)
    {
        Argument<string> model = SharedOptions.Model();
        Option<string> mask = new("--mask")
        {
            Description = "A mask.npz of this model, or magnitude to make one on the spot.",
            Required = true
        };
        Option<string> pattern = SharedOptions.Pattern("N:M of --mask magnitude.");
        Option<string> data = new("--data")
        {
            Description = "One text file (UTF-8; .gz and .zst too), or a .npy of token ids.",
            Required = true
        };
        Option<int?> length = NumberOption.Optional(OptionRanges.Window,
            "Tokens a window; by default a row of a .npy of rows, else the model's positions, at most 2048.");
        Option<int?> windows = NumberOption.Optional(OptionRanges.MaxWindows, "Only the first this many windows; all by default.");
        Option<double?> maxLoss = NumberOption.Optional(OptionRanges.MaxLoss,
            "The rise of log perplexity over the dense model, in nats a token, that the suggested --skip stays under; by default half of "
            + "the whole mask's.");
        Option<bool?> stream = SharedOptions.Stream();
        Option<int?> threads = SharedOptions.Threads();
        Option<bool> json = SharedOptions.Json();
        Command command = new("sensitivity",
            "Measure which blocks and which kinds of layers a mask costs most in, and suggest what to --skip.")
        {
            model, mask, pattern, data, length, windows, maxLoss, stream, threads, json,
        };
        command.SetAction(parsed =>
        {
            if (parsed.GetValue(mask) != PruneRun.MagnitudeMethod && parsed.GetResult(pattern) is { Implicit: false })
                throw new ArgumentException($"--pattern {parsed.GetValue(pattern)} belongs to --mask {PruneRun.MagnitudeMethod}; "
                    + $"{parsed.GetValue(mask)} has its own. Leave one of them out.");
            TorchRuntime.Start(parsed.GetValue(threads));
            SensitivityRequest request = new()
            {
                Model = parsed.GetValue(model)!,
                Mask = parsed.GetValue(mask)!,
                Pattern = NmPattern.Parse(parsed.GetValue(pattern)!),
                Data = parsed.GetValue(data)!,
                SequenceLength = parsed.GetValue(length),
                MaxWindows = parsed.GetValue(windows),
                MaxLoss = parsed.GetValue(maxLoss),
                Stream = parsed.GetValue(stream),
            };
            SensitivityReport report;
            using (ProgressLine progress = new(parsed.InvocationConfiguration.Error))
                report = SensitivityRun.Execute(request, progress, progress.Note, stop);
            if (request.MaxWindows > report.Dense.Windows)
                parsed.InvocationConfiguration.Error.WriteLine(
                    string.Create(CultureInfo.InvariantCulture,
                    $"{request.Data} has {report.Dense.Windows} windows of {report.SequenceLength} tokens, not {request.MaxWindows}; all "
                    + $"are measured."));
            if (parsed.GetValue(json)) JsonOutput.Print(parsed.InvocationConfiguration.Output, report.ToJson());
            else SensitivityTable.Print(parsed.InvocationConfiguration.Output, report);
            return ExitCode.Done;
        });
        return command;
    }
}
