using System.CommandLine;
using System.Globalization;
using MaskLlm.Cli.Output;
using MaskLlm.Models;
using MaskLlm.Patterns;
using MaskLlm.Priors;
using MaskLlm.Runs;

namespace MaskLlm.Cli.Commands;

/// <summary><c>maskllm prune</c>.</summary>
internal static class PruneCommand
{
    internal static Command Create(CancellationToken stop)
    {
        Argument<string> model = SharedOptions.Model();
        Option<string> method = new("--method") { Description = $"How weights are chosen: {string.Join(", ", PruneRun.Methods)}.", Required = true };
        Option<string> pattern = new("--pattern") { Description = "N:M: N weights kept of every M inputs.", DefaultValueFactory = _ => NmPattern.TwoOfFour.ToString() };
        Option<string[]> data = SharedOptions.Data(required: false);
        Option<string?> separator = SharedOptions.DocumentSeparator();
        Option<int> samples = new("--samples") { Description = "Sequences of the data that wanda, ria and sparsegpt look at.", DefaultValueFactory = _ => 128 };
        Option<int> length = new("--seq-len") { Description = "Tokens a sequence; a .npy file alone is cut into sequences of this length, in order.", DefaultValueFactory = _ => 256 };
        Option<ulong> seed = SharedOptions.Seed();
        Option<string[]> skip = new("--skip") { Description = "Parameters that stay dense, by name with * and ?; embedding and head always do." };
        Option<string> output = SharedOptions.Out();
        Option<bool> force = SharedOptions.Force(), json = SharedOptions.Json();
        Option<int?> threads = SharedOptions.Threads();
        Command command = new("prune", "Make masks in one shot, without learning.") { model, method, pattern, data, separator, samples, length, seed, skip, output, force, threads, json };
        command.SetAction(parsed =>
        {
            int used = TorchRuntime.Start(parsed.GetValue(threads));
            PruneRequest request = new()
            {
                Model = parsed.GetValue(model)!,
                Method = parsed.GetValue(method)!,
                Pattern = NmPattern.Parse(parsed.GetValue(pattern)!),
                Data = parsed.GetValue(data) is { Length: > 0 } paths ? SharedOptions.Corpus(paths, parsed.GetValue(separator), used) : null,
                Samples = parsed.GetValue(samples),
                SequenceLength = parsed.GetValue(length),
                Seed = parsed.GetValue(seed),
                Skip = parsed.GetValue(skip) ?? [],
                Out = parsed.GetValue(output)!,
                Force = parsed.GetValue(force),
            };
            RunRecord record;
            using (ProgressLine progress = new(parsed.InvocationConfiguration.Error)) record = PruneRun.Execute(request, progress, stop);
            if (parsed.GetValue(json)) JsonOutput.Print(parsed.InvocationConfiguration.Output, record.ToJson());
            else parsed.InvocationConfiguration.Output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"mask, record and model card: {request.Out} ({record.Figures["seconds"]!.GetValue<double>():0.00} s of pruning)"));
            return ExitCode.Done;
        });
        return command;
    }
}
