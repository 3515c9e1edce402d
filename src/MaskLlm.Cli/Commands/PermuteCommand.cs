using System.CommandLine;
using MaskLlm.Cli.Output;
using MaskLlm.Models;
using MaskLlm.Patterns;
using MaskLlm.Priors;
using MaskLlm.Runs;

namespace MaskLlm.Cli.Commands;

/// <summary><c>maskllm permute</c>.</summary>
internal static class PermuteCommand
{
    internal static Command Create(CancellationToken stop)
    {
        Argument<string> model = SharedOptions.Model();
        Option<string[]> data = SharedOptions.Data();
        Option<string?> separator = SharedOptions.DocumentSeparator();
        Option<string> column = SharedOptions.TextColumn();
        Option<string> output = SharedOptions.Out();
        Option<string> pattern = SharedOptions.Pattern("N:M that the order is for: N weights kept of every M inputs.");
        Option<int> samples = SharedOptions.Samples("Sequences of the data that the model is run on.");
        Option<int?> length = SharedOptions.CalibrationLength();
        Option<ulong> seed = SharedOptions.Seed();
        Option<int?> threads = SharedOptions.Threads();
        Option<bool> force = new("--force") { Description = "Replace the checkpoint that --out holds." }, json = SharedOptions.Json();
        Command command = new("permute",
            "Write a Hugging Face folder that computes the same with its channels in another order, which N:M masks lose less in.")
        {
            model, data, separator, column, output, pattern, samples, length, seed, threads, force, json, RunConfig.Option(),
        };
        command.SetAction(parsed =>
        {
            int used = TorchRuntime.Start(parsed.GetValue(threads));
            PermuteRequest request = new()
            {
                Model = parsed.GetValue(model)!,
                Data = SharedOptions.Corpus(parsed.GetValue(data)!, parsed.GetValue(separator), parsed.GetValue(column), used),
                Out = parsed.GetValue(output)!,
                Pattern = NmPattern.Parse(parsed.GetValue(pattern)!),
                Samples = parsed.GetValue(samples),
                SequenceLength = parsed.GetValue(length),
                Seed = parsed.GetValue(seed),
                Force = parsed.GetValue(force),
            };
            RunRecord record;
            using (ProgressLine progress = new(parsed.InvocationConfiguration.Error))
                record = PermuteRun.Execute(request, progress, progress.Note, stop);
            if (parsed.GetValue(json)) JsonOutput.Print(parsed.InvocationConfiguration.Output, record.ToJson());
            else PermuteTable.Print(parsed.InvocationConfiguration.Output, record, request.Out);
            return ExitCode.Done;
        });
        return command;
    }
}
