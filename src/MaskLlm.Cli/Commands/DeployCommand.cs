using System.CommandLine;
using MaskLlm.Cli.Output;
using MaskLlm.Experiments;
using MaskLlm.Models;
using MaskLlm.Numerals;
using MaskLlm.Products;

namespace MaskLlm.Cli.Commands;

/// <summary><c>maskllm experiment deploy</c>.</summary>
internal static class DeployCommand
{
    internal static Command Create(CancellationToken stop)
    {
        Argument<string> model = SharedOptions.Model();
        Option<string[]> masks = new("--mask")
        {
            Description = "Masks of the model, 2:4 where they are to be fast.",
            AllowMultipleArgumentsPerToken = true
        };
        Option<string[]> others = new("--other")
        {
            Description = "Folders of other checkpoints beside it, such as RUN/model of a tuned one.",
            AllowMultipleArgumentsPerToken = true
        };
        Option<string[]> types = new("--type")
        {
            Description = "Types of weights: bfloat16, int8, int4, float32.",
            AllowMultipleArgumentsPerToken = true,
            DefaultValueFactory = _ => ["bfloat16", "int8", "int4"],
        };
        Option<string[]> data = SharedOptions.Data(required: false);
        data.Description = "Text on which int4 is rounded, 128 sequences of 256 tokens. " + data.Description;
        Option<string[]> texts = new("--eval-text")
        {
            Description = "Texts to take perplexities on.",
            AllowMultipleArgumentsPerToken = true,
            Required = true
        };
        Option<int?> length = NumberOption.Optional(OptionRanges.Window,
            "Tokens a window; by default the model's positions, at most 2048.");
        Option<int> windows = NumberOption.Of(OptionRanges.MaxWindows, 40, "Only the first this many windows of each text.");
        TaskOptions tasks = new();
        Option<string> output = new("--out")
        {
            Description = "Folder of the table: new, or of the same one, which then goes on.",
            Required = true
        };
        Option<int> repeats = NumberOption.Of(OptionRanges.Repeats, 5, "Measurements of a speed; medians are reported.");
        Option<int?> memory = NumberOption.Optional(OptionRanges.MaxMemory, "Say which is best with at most this many MB resident.");
        Option<double?> speed = NumberOption.Optional(OptionRanges.MinTokensPerSecond,
            "Say which is best with at least this many tokens a second.");
        Option<double?> loss = NumberOption.Optional(OptionRanges.MaxLoss,
            "Say which is fastest with at most this rise of log perplexity, in nats a token.");
        Option<int?> threads = SharedOptions.Threads();
        Option<bool> json = SharedOptions.Json();
        Command command = new("deploy",
            "What to deploy on this machine: a model dense, under masks and tuned, by types of weights: size, speed, perplexity, accuracy.")
        {
            model, masks, others, types, data, texts, length, windows, tasks.Names, tasks.Folder, tasks.Limit, output, repeats, memory,
            speed, loss, threads, json,
        };
        command.SetAction(parsed =>
        {
            int used = TorchRuntime.Start(parsed.GetValue(threads));
            DeployRequest request = new()
            {
                Model = parsed.GetValue(model)!,
                Masks = parsed.GetValue(masks) ?? [],
                Others = parsed.GetValue(others) ?? [],
                Types = [.. parsed.GetValue(types)!.Select(WeightTypes.Parse)],
                Data = parsed.GetValue(data) is { Length: > 0 } sources ? SharedOptions.Corpus(sources, null, null, used) : null,
                EvalTexts = parsed.GetValue(texts)!,
                SequenceLength = parsed.GetValue(length),
                MaxWindows = parsed.GetValue(windows),
                Tasks = tasks.Of(parsed),
                Out = parsed.GetValue(output)!,
                Repeats = parsed.GetValue(repeats),
                MaxMemory = parsed.GetValue(memory),
                MinTokensPerSecond = parsed.GetValue(speed),
                MaxLoss = parsed.GetValue(loss),
                Threads = parsed.GetValue(threads),
            };
            DeployReport report;
            using (ProgressLine progress = new(parsed.InvocationConfiguration.Error))
                report = DeployRun.Execute(request, progress, progress.Note, stop);
            DeployPlot.Write(Path.Combine(request.Out, "plot.png"), report);
            if (parsed.GetValue(json)) JsonOutput.Print(parsed.InvocationConfiguration.Output, report.ToJson());
            else parsed.InvocationConfiguration.Output.Write(report.Markdown());
            return ExitCode.Done;
        });
        return command;
    }
}
